"use strict";
// Keys, the queue's walk from lead to lead, live progress. Pages work without it; nothing here writes HTML.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const typing = (element) => element && /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) && !["checkbox", "radio"].includes(element.type);

  const say = (text, good = true) => {
    const box = document.createElement("div");
    box.className = good ? "ok" : "";
    box.setAttribute("role", "status");
    box.textContent = text;
    const toast = $("#toast");
    toast.replaceChildren(box);
    window.setTimeout(() => box.remove(), good ? 4000 : 12000);
  };

  // ---- queue
  const rows = () => all(".lead-row");
  const current = () => $('.lead-row[aria-current="true"]');
  const select = (row, load = true) => {
    if (!row) return;
    rows().forEach((other) => other.setAttribute("aria-current", String(other === row)));
    row.scrollIntoView({ block: "nearest" });
    const wide = $(".pane") && getComputedStyle($(".pane")).display !== "none";
    if (load && wide) htmx.ajax("GET", `/leads/${row.dataset.number}/panel`, { target: "#pane", swap: "innerHTML" });
  };
  const move = (step) => {
    const list = rows();
    const at = list.indexOf(current());
    const next = list[at + step];
    if (next) select(next);
    else if (step > 0) {
      const more = $("#more");
      if (more) more.click();
      else say("已经是最后一条");
    }
  };
  const nextOpen = () => {
    const list = rows();
    const at = list.indexOf(current());
    const next = list.slice(at + 1).find((row) => !row.classList.contains("done")) || list.find((row) => !row.classList.contains("done"));
    if (next) select(next);
    else {
      const more = $("#more");
      if (more) more.click();
      else say("这一栏已全部处理");
    }
  };
  const decide = (judgement) => {
    const form = $("#deciding");
    if (!form) return;
    if (judgement === "dismissed") {
      const reasons = $(".reasons", form);
      if (reasons.hidden) {
        reasons.hidden = false;
        $("input", reasons).focus();
        return;
      }
    }
    const button = $(`button[value="${judgement}"]`, form);
    if (button && !button.disabled) button.click();
  };
  document.body.addEventListener("decided", (event) => {
    const { number, word } = event.detail;
    const row = rows().find((one) => one.dataset.number === number);
    say(`${number} 已保存，现为“${word}”。按 u 撤销`);
    if (!row) return;
    row.classList.add("done");
    $(".verdict", row).textContent = word;
    nextOpen();
  });
  document.body.addEventListener("undone", (event) => {
    const { number, word } = event.detail;
    const row = rows().find((one) => one.dataset.number === number);
    say(`${number} 已撤销，现为“${word}”`);
    if (!row) return;
    row.classList.remove("done");
    $(".verdict", row).textContent = word;
    select(row, false);
  });

  document.addEventListener("click", (event) => {
    const row = event.target.closest(".lead-row");
    if (row && !event.target.closest("input, a")) {
      const wide = $(".pane") && getComputedStyle($(".pane")).display !== "none";
      if (wide) select(row);
      else window.location.href = `/leads/${row.dataset.number}`;
    }
    const opener = event.target.closest("[data-dialog]");
    if (opener) $(`#${opener.dataset.dialog}`).showModal();
    const shower = event.target.closest("[data-show]");
    if (shower) {
      const box = $(`#${shower.dataset.show}`);
      box.hidden = !box.hidden;
      const field = $("input, textarea", box);
      if (!box.hidden && field) field.focus();
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(() => say("已复制"));
    if (event.target.closest("[data-print]")) window.print();
    const dismiss = event.target.closest('#deciding button[value="dismissed"]');
    if (dismiss && $("#deciding .reasons").hidden) {
      event.preventDefault();
      decide("dismissed");
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-names]")) {
      const names = Array.from(event.target.files).map((file) => file.name).join("、");
      $("[data-chosen]", event.target.closest(".filebox")).textContent = names || "未选择";
    }
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
    if (event.target.matches("[data-all]")) all('input[name="lead"]').forEach((box) => { box.checked = event.target.checked; });
    const chosen = all('input[name="lead"]:checked').length;
    const bar = $("#bulk");
    if (bar) {
      bar.hidden = chosen === 0;
      $("#chosen").textContent = String(chosen);
    }
  });
  const light = (event, on) => {
    const item = event.target.closest && event.target.closest("[data-note]");
    if (!item) return;
    for (const place of item.dataset.note.split(" ")) {
      all(`mark[data-marks~="${place}"]`).forEach((mark) => mark.classList.toggle("lit", on));
    }
  };
  document.addEventListener("mouseover", (event) => light(event, true));
  document.addEventListener("mouseout", (event) => light(event, false));

  const keys = {
    j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1), n: nextOpen,
    1: () => decide("confirmed"), 2: () => decide("dismissed"), 3: () => decide("unsure"), 4: () => decide("handed_over"),
    u: () => { const form = $("#undo"); if (form) form.requestSubmit(); },
    x: () => { const row = current(); if (row) $('input[type="checkbox"]', row).click(); },
    Enter: () => { const row = current(); if (row) window.location.href = `/leads/${row.dataset.number}`; },
    "/": () => { const box = $('input[type="search"]'); if (box) box.focus(); },
    "?": () => { const help = $("#keys"); if (help) help.showModal(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && typing(document.activeElement)) { document.activeElement.blur(); return; }
    if (typing(document.activeElement) || $("dialog[open]")) return;
    const reasons = $("#deciding .reasons");
    if (reasons && !reasons.hidden && /^[1-9]$/.test(event.key)) {
      const choice = all('input[type="radio"]', reasons)[Number(event.key) - 1];
      if (choice) { choice.checked = true; decide("dismissed"); }
      event.preventDefault();
      return;
    }
    if (reasons && !reasons.hidden && event.key === "Escape") { reasons.hidden = true; event.preventDefault(); return; }
    if (reasons && !reasons.hidden && event.key.startsWith("Arrow")) return;
    const act = keys[event.key];
    if (!act) return;
    if ((event.key === "Enter" || event.key.startsWith("Arrow")) && (!current() || document.activeElement.closest("a, button"))) return;
    event.preventDefault();
    act();
  });

  // on a phone the menu is one long row: the page one is on must be in sight
  const here = $('.side a[aria-current="page"]');
  if (here && here.parentElement.scrollWidth > here.parentElement.clientWidth) here.scrollIntoView({ inline: "center", block: "nearest" });

  // of a chart that is wider than the screen the latest days are shown first
  all("svg.days").forEach((chart) => { chart.parentElement.scrollLeft = chart.parentElement.scrollWidth; });

  // ---- files dropped on a form's box are as if they had been chosen
  all(".filebox").forEach((box) => {
    const form = box.closest("form");
    const field = $('input[type="file"]', box);
    form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("dropping"); });
    form.addEventListener("dragleave", () => form.classList.remove("dropping"));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("dropping");
      if (!event.dataTransfer.files.length) return;
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  });

  // ---- live progress
  const live = $("[data-live]");
  if (live && window.EventSource) {
    const source = new EventSource(live.dataset.live);
    source.addEventListener("rows", (event) => {
      const data = JSON.parse(event.data);
      for (const [name, value] of Object.entries(data.values)) {
        const cell = document.getElementById(name);
        if (!cell) continue;
        if (cell.tagName === "PROGRESS") cell.value = Number(value);
        else if (cell.textContent !== value) cell.textContent = value;
      }
      if (data.again) window.location.reload();
    });
    window.addEventListener("pagehide", () => source.close());
  }

  // a key may be quicker than htmx: what it has not taken in hand yet is handed to it before the press goes through
  const hand = (event) => {
    const form = event.target instanceof Element && event.target.closest("form[hx-post]");
    if (form) htmx.process(form);
  };
  document.addEventListener("click", hand, true);
  document.addEventListener("submit", hand, true);

  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "pane") event.detail.target.scrollTop = 0;
  });
  document.body.addEventListener("htmx:sendError", () => say("连不上本系统；您的操作没有保存，请确认程序仍在运行后重试", false));
  const first = rows()[0];
  if (first && $(".pane")) select(current() || first);
})();
