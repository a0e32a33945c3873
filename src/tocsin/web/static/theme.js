// Before anything is drawn: the theme that this device chose, and pictures that hold still.
(function () {
  var query = new URLSearchParams(location.search), root = document.documentElement;
  var theme = query.get("theme");
  try { theme = theme || localStorage.getItem("theme"); } catch (e) { /* storage is off */ }
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  if (query.has("still")) root.classList.add("still");
  root.classList.add("js");
})();
