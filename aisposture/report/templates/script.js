"use strict";
(() => {
  const form = document.querySelector("form.filter");
  const items = [...document.querySelectorAll("[data-b]")];
  const groups = [...document.querySelectorAll("[data-group]")];
  const shown = form.querySelector("output");
  const texts = new Map();
  const words = (item) => {
    if (!texts.has(item)) texts.set(item, (item.textContent + " " + item.id).toLowerCase());
    return texts.get(item);
  };
  const apply = () => {
    const data = new FormData(form);
    const bands = new Set(data.getAll("b"));
    const families = new Set(data.getAll("f"));
    const query = data.get("q").trim().toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of items) {
      const is = item.dataset;
      const fits = (bands.size === 0 || bands.has(is.b)) && (families.size === 0 || families.has(is.f))
        && ["a", "g", "r"].every((key) => !data.get(key) || data.get(key) === is[key])
        && query.every((word) => words(item).includes(word));
      item.classList.toggle("gone", !fits);
      count += fits;
    }
    for (const group of groups) group.classList.toggle("gone", !group.querySelector("[data-b]:not(.gone)"));
    shown.textContent = `${count.toLocaleString("en")} of ${items.length.toLocaleString("en")} shown`;
  };
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  let timer = 0;
  form.hidden = false;
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(apply, 120); });
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  window.addEventListener("hashchange", reveal);
  apply();
  if (location.hash) reveal();
})();
