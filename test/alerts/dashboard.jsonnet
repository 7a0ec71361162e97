// The expressions of the dashboard as recording rules, which promtool parses. Grafana replaces
// its variables first: the longest name goes first, since one begins as another does.
local dashboard = import '../../config/grafana/dashboard.json';
local variables = ['$__rate_interval', '$__range'] + std.map(
  function(variable) '$' + variable.name,
  std.sort(dashboard.templating.list, function(variable) -std.length(variable.name)),
);
local plain(expr) = std.foldl(function(text, name) std.strReplace(text, name, if std.startsWith(name, '$__') then '5m' else 'x'), variables, expr);
{
  groups: [{
    name: 'dashboard',
    rules: [
      { record: 'panel:%d:%s' % [panel.id, std.asciiLower(target.refId)], expr: plain(target.expr) }
      for panel in dashboard.panels
      if std.objectHas(panel, 'targets')
      for target in panel.targets
    ],
  }],
}
