// Three small manners: focus moves to what has changed, a session about to end warns, and a form is sent once.
(function () {
  "use strict";
  function focusOn(root, marks) {
    for (var i = 0; i < marks.length; i += 1) {
      var target = root.matches(marks[i]) ? root : root.querySelector(marks[i]);
      if (target) { target.focus(); return; }
    }
  }
  document.addEventListener("htmx:afterSettle", function (event) {
    var root = event.detail.elt;
    if (!root.hasAttribute("data-live")) { focusOn(root, ["[data-focus]", "[data-focus-swap]"]); }
  });
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.sent && !form.hasAttribute("hx-post")) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(function () { delete form.dataset.sent; }, 4000);
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });
  function watchSession() {
    var body = document.body, warning = document.getElementById("session-warning");
    if (!body.dataset.ends || !warning) { return; }
    var left = Date.parse(body.dataset.ends) - Date.parse(body.dataset.now), early = 5 * 60 * 1000, timer;
    function arm(ms) { clearTimeout(timer); timer = setTimeout(function () { warning.hidden = false; }, Math.max(ms - early, 0)); }
    arm(left);
    warning.querySelector("[data-stay]").addEventListener("click", function (event) {
      event.preventDefault();
      fetch(event.target.href, { headers: { "HX-Request": "true" } }).then(function (answer) {
        if (answer.ok) { warning.hidden = true; arm(left); } else { location.reload(); }
      });
    });
  }
  document.addEventListener("DOMContentLoaded", function () { focusOn(document.body, ["[data-focus]"]); watchSession(); });
}());
