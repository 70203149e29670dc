// TypeScript, with types, an enum, generics, and an import of another file of types.
import http, { type RefinedResponse } from 'k6/http';
import { check } from 'k6';
import { Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { Genre, first, type Book } from './kinds/books.ts';

const bad: boolean = __ENV.BAD === '1';
const size: Trend = new Trend('answer_size');

export const options: Options = {
  vus: 1,
  iterations: 4,
  thresholds: {
    answer_size: [bad ? 'min>100000' : 'min>10'],
    checks: ['rate==1'],
  },
};

interface Listing { books: Book[] }

export default function (): void {
  const res: RefinedResponse<'text'> = http.get(`${__ENV.URL}/books`);
  const listing = res.json() as unknown as Listing;
  const book = first<Book>(listing.books)!;
  size.add((res.body as string).length, { genre: Genre[book.genre ?? Genre.Novel] });
  check(book, { 'has a title': (b: Book) => b.title.length > 0 });
}
