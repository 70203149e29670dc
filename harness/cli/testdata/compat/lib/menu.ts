export enum Size {
  Small = 'small',
  Large = 'large',
}

export interface Pizza {
  id: number;
  name: string;
  price: number;
}

export function cheapest<T extends { price: number }>(list: readonly T[]): T | undefined {
  return [...list].sort((a, b) => a.price - b.price)[0];
}
