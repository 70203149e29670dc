export const flour = 500;
export default (water) => flour + water;
