const suffix = open('./suffix.txt').trim(); // relative to this file

export const titleOf = (book) => book.title.toUpperCase() + suffix;
