export enum Genre { Novel, Atlas }

export type Book = { id: number; title: string; genre?: Genre };

export function first<T>(list: T[]): T | undefined {
  return list[0];
}
