exports.sauce = { of: 'tomato', recipe: open('./recipe.txt') };
