using System.Text.Json;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>
/// The rules of a schema by where they are, compiled once. Only what has rules in it is walked. All rules of an object
/// share one budget; a rule that fails on a value which an update has not changed is not held against it.
/// </summary>
internal sealed class RuleTree
{
    /// <summary>How many findings are told that are not held against an update.</summary>
    private const int MaxWarnings = 100;

    private readonly JsonSchema _schema;
    private readonly IReadOnlyList<CompiledRule> _rules;

    /// <summary>In the order of their names.</summary>
    private readonly List<(string Name, RuleTree Rules)> _properties = [];
    private readonly RuleTree? _values;
    private readonly RuleTree? _items;

    private RuleTree(JsonSchema schema, bool isRoot)
    {
        _schema = schema;
        _rules = CompiledRule.Compile(schema, isRoot);
        foreach (var (name, property) in schema.Properties)
        {
            if (Of(property, property.IsEmbedded) is { } below)
            {
                _properties.Add((name, below));
            }
        }

        _values = schema.AdditionalProperties is { } values ? Of(values, values.IsEmbedded) : null;
        _items = schema.Items is { } items ? Of(items, items.IsEmbedded) : null;
    }

    private bool IsEmpty => _rules.Count == 0 && _properties.Count == 0 && _values is null && _items is null;

    /// <summary>Null when the schema has no rules.</summary>
    public static RuleTree? Of(JsonSchema schema, bool isRoot) =>
        schema.All().Any(static s => s.Rules.Count > 0) && new RuleTree(schema, isRoot) is { IsEmpty: false } tree
            ? tree : null;

    /// <summary>Evaluates the rules over a whole object, or over any value.</summary>
    /// <param name="item">As JSON; an object with its type and metadata.</param>
    /// <param name="old">As it was before an update; null for none.</param>
    /// <param name="errors">Takes the findings.</param>
    /// <param name="path">Where it is; null for a whole object.</param>
    /// <param name="ratchets">What an update has not changed is not held against it.</param>
    /// <param name="budget">What may be spent; null for that of one object.</param>
    /// <returns>What is left of it.</returns>
    public RuleBudget Validate(
        ReadOnlyMemory<byte> item, ReadOnlyMemory<byte>? old, FieldErrors errors, FieldPath? path = null,
        bool ratchets = true, RuleBudget? budget = null)
    {
        var started = RuleMeter.Begin();
        using var document = JsonTree.ParseCommitted(item);
        using var before = old is { } known ? JsonTree.ParseCommitted(known) : null;
        var walk = new Walk(errors, ratchets, (budget ?? RuleBudget.OfOneObject).Left);
        var whole = before is null ? null : new Correlated(document.RootElement, before.RootElement, _schema);
        Visit(walk, document.RootElement, before?.RootElement, path, new Ratchet(whole, null));
        RuleMeter.Evaluated(started);
        return new RuleBudget(walk.Left, walk.IsOver);
    }

    /// <summary>Of one validation: where findings go, and what may still be spent.</summary>
    private sealed class Walk(FieldErrors errors, bool ratchets, ulong left)
    {
        public FieldErrors Errors => errors;

        public bool Ratchets => ratchets;

        public ulong Left { get; set; } = left;

        public bool IsOver { get; set; }
    }

    private void Visit(Walk walk, JsonElement value, JsonElement? old, FieldPath? path, Ratchet ratchet)
    {
        if (walk.IsOver || value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (_rules.Count > 0)
        {
            Evaluate(walk, value, old is { ValueKind: JsonValueKind.Null } ? null : old, path, ratchet);
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                VisitMap(walk, value, old, path, ratchet);
                break;
            case JsonValueKind.Array when _items is not null:
                VisitList(walk, value, old, path, ratchet);
                break;
        }
    }

    private void VisitMap(Walk walk, JsonElement map, JsonElement? old, FieldPath? path, Ratchet ratchet)
    {
        foreach (var (name, below) in _properties)
        {
            if (map.TryGetProperty(name, out var value))
            {
                var before = Before(old, name);
                below.Visit(
                    walk, value, before, FieldPath.Below(path, name),
                    ratchet.Field(name, value, before, below._schema));
            }
        }

        if (_values is null)
        {
            return;
        }

        foreach (var property in map.EnumerateObject().OrderBy(static p => p.Name, StringComparer.Ordinal)
            .Where(p => !_schema.Properties.ContainsKey(p.Name)))
        {
            var before = Before(old, property.Name);
            _values.Visit(
                walk, property.Value, before,
                path?.Key(property.Name) ?? FieldPath.Of($"[{property.Name}]"),
                ratchet.Field(property.Name, property.Value, before, _values._schema));
        }
    }

    private static JsonElement? Before(JsonElement? old, string name) =>
        old is { ValueKind: JsonValueKind.Object } known && known.TryGetProperty(name, out var found) ? found : null;

    private void VisitList(Walk walk, JsonElement list, JsonElement? old, FieldPath? path, Ratchet ratchet)
    {
        var byKey = old is { ValueKind: JsonValueKind.Array } known && _schema.ListType == "map"
            ? known.EnumerateArray().DistinctBy(KeyOf).ToDictionary(KeyOf, StringComparer.Ordinal)
            : null;
        foreach (var (i, item) in list.EnumerateArray().Index())
        {
            JsonElement? before = byKey is not null && byKey.TryGetValue(KeyOf(item), out var found) ? found : null;
            _items!.Visit(
                walk, item, before, (path ?? FieldPath.Nowhere).Index(i),
                ratchet.Item(item, before, _items._schema));
        }
    }

    private string KeyOf(JsonElement item) => string.Join('\0', _schema.ListMapKeys.Select(
        k => item.ValueKind == JsonValueKind.Object && item.TryGetProperty(k, out var value) ? value.GetRawText()
            : "null"));

    private void Evaluate(Walk walk, JsonElement value, JsonElement? old, FieldPath? path, Ratchet ratchet)
    {
        if (walk.Left == 0)
        {
            RanOut(walk, value, path);
            return;
        }

        var schema = _rules[0].Schema;
        var self = CelJson.Of(value, schema);
        CelValue? oldSelf = old is { } known && _rules.Any(static r => r.UsesOldSelf) ? CelJson.Of(known, schema)
            : null;
        foreach (var rule in _rules)
        {
            if (rule.Program is null || (rule.UsesOldSelf && old is null && !rule.TakesNoOldSelf))
            {
                continue;
            }

            var activation = rule.Activate(self, oldSelf, rule.TakesNoOldSelf);
            var (result, cost) = rule.Program.Evaluate(activation);
            if (cost > walk.Left)
            {
                RanOut(walk, value, path);
                return;
            }

            walk.Left -= cost;
            if (result.IsError)
            {
                Fail(walk, rule, result.AsError, value, path);
                if (walk.IsOver)
                {
                    return;
                }
            }
            else if (!result.IsTrue)
            {
                // Upstream's messages see what was before as it is, even where the rule sees it as what may be missing.
                var message = rule.MessageProgram is null ? default
                    : RuleMessage.Of(rule, rule.Activate(self, oldSelf, isOptional: false), walk.Left);
                walk.Left -= message.Cost;
                Report(walk, rule, message, value, path, walk.Ratchets && !rule.UsesOldSelf && ratchet.IsSame);
                if (walk.IsOver)
                {
                    return;
                }
            }
        }
    }

    private static void RanOut(Walk walk, JsonElement value, FieldPath? path)
    {
        RuleFindings.Invalid(walk.Errors, value, path,
            "validation failed due to running out of cost budget, no further validation rules will be run");
        walk.IsOver = true;
    }

    private static void Fail(Walk walk, CompiledRule rule, CelError error, JsonElement value, FieldPath? path)
    {
        if (error.Message.StartsWith("no such overload", StringComparison.Ordinal))
        {
            RuleFindings.Invalid(walk.Errors, value, path,
                $"'{error.Message}': call arguments did not match a supported operator, function or "
                + $"macro signature for rule: {rule.Shown}");
        }
        else if (error.IsFinal)
        {
            RuleFindings.Invalid(walk.Errors, value, path,
                $"'{error.Message}': no further validation rules will be run due to call cost exceeds "
                + $"limit for rule: {rule.Shown}");
            walk.IsOver = true;
        }
        else
        {
            RuleFindings.Invalid(walk.Errors, value, path, $"{error.Message} evaluating rule: {rule.Shown}");
        }
    }

    /// <summary>What is not held against an update is said in warnings.</summary>
    private static void Report(
        Walk walk, CompiledRule rule, RuleMessage message, JsonElement value, FieldPath? path, bool isRatcheted)
    {
        var found = isRatcheted ? new FieldErrors() : walk.Errors;
        if (message.Failure is { } failure)
        {
            RuleFindings.Invalid(found, value, rule.PlaceOf(path), failure);
            walk.IsOver = true;
        }
        else
        {
            RuleFindings.Report(found, rule, message.Text, value, path);
        }

        if (isRatcheted && walk.Errors.Warnings.Count < MaxWarnings)
        {
            walk.Errors.Warnings.AddRange(found.All.Select(static e => $"{e.Field}: {e.Message}"));
        }
    }
}
