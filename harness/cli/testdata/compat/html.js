// Pages: what is in them, the links to follow and the forms to send.
import http from 'k6/http';
import { parseHTML } from 'k6/html';
import { check } from 'k6';

export const options = { iterations: 2, thresholds: { checks: ['rate==1'], http_reqs: ['count==6'] } };

export default function () {
  const page = http.get(`${__ENV.URL}/menu`);
  const doc = parseHTML(page.body);
  const names = [];
  doc.find('#pizzas li').each((i, element) => names.push(`${i}:${element.textContent()}`));
  check(doc, {
    'a title': (d) => d.find('head title').text() === 'Menu',
    'elements in their order': () => names.join() === '0:Diavola,1:Marinara,2:Calabrese',
    'classes and attributes': (d) => d.find('li.hot').size() === 2 && d.find('li').first().attr('data-price') === '9',
    'a map': (d) => d.find('a').map((_, a) => a.attr('href')).join() === '/pizzas/1,/pizzas/2',
    'the response reads itself': () => page.html('title').text() === 'Menu' && page.html().find('form').serializeObject().size === 'large',
  });
  check(page.clickLink({ selector: 'a:nth-of-type(2)' }), { 'a link is followed': (r) => r.body === 'pizza 2' });
  check(page.submitForm({ formSelector: 'form', fields: { size: 'small' } }), {
    'a form is sent': (r) => r.json('method') === 'POST' && r.json('body').includes('token=abc') && r.json('body').includes('size=small'),
  });
}
