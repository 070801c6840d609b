// Leads from a figure to the rows behind it: live, to the page that shows them; in a file, to the command that does.
(function () {
  'use strict';
  var data = document.getElementById('refs'), panel = document.getElementById('panel');
  if (!data || !panel) return;
  var parts = JSON.parse(data.textContent), live = document.body.dataset.live === '1';
  var table = [];
  for (var n = 0; n < 256; n++) {
    var c = n;
    for (var k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    table[n] = c >>> 0;
  }
  function text(bytes) {
    var s = '';
    bytes.forEach(function (b) { s += String.fromCharCode(b); });
    return btoa(s).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }
  function check(bytes) {
    var crc = -1;
    bytes.forEach(function (b) { crc = table[(crc ^ b) & 255] ^ (crc >>> 8); });
    crc = ~crc >>> 0;
    return text([crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255]);
  }
  function refOf(table, row, column) {
    var own = parts.tables[table], whole = {};
    var found = Object.assign({}, own.base, row === 't' ? own.totals : own.rows[row], own.columns[column], own.cells[row + '.' + column]);
    parts.order.forEach(function (key) { if (key in found) whole[key] = found[key]; });
    var bytes = new TextEncoder().encode(JSON.stringify(whole));
    return text(bytes) + '.' + check(bytes);
  }
  function show(ref) {
    var command = panel.querySelector('textarea');
    command.textContent = command.value = 'opsledger report run call_detail --from-cell ' + ref;
    panel.hidden = false;
    command.focus();
    command.select();
  }
  function go(hash, replaced) {
    var at = /^#c(?:(\d+)-)?(t|\d+)\.(\d+)$/.exec(hash), ref = refOf(at[1] || '0', at[2], at[3]), address = 'cell?ref=' + ref + '&lang=' + parts.lang;
    if (!live) show(ref); else if (replaced) location.replace(address); else location.assign(address);
  }
  if (/^#c(\d+-)?(t|\d+)\.\d+$/.test(location.hash)) go(location.hash, true); // opened in a tab of its own
  document.addEventListener('click', function (event) {
    var link = event.target.closest('a[href^="#c"]');
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      go(link.getAttribute('href'), false);
    } else if (event.target.closest('#panel .close')) {
      panel.hidden = true;
    } else if (event.target.closest('#panel .copy')) {
      panel.querySelector('textarea').select();
      document.execCommand('copy');
    }
  });
  document.addEventListener('keydown', function (event) { if (event.key === 'Escape') panel.hidden = true; });
})();
