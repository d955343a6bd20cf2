using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>
/// The rules of a schema by where they are, compiled once. Only what has rules in it is walked. All rules of an object
/// share
/// one budget; a rule that fails on a value which an update has not changed is not held against it.
/// </summary>
internal sealed class RuleTree
{
    /// <summary>What all rules over one object may cost.</summary>
    private const ulong Budget = 10_000_000;

    /// <summary>The longest text of a message expression.</summary>
    private const int MaxMessageLength = 5 * 1024;

    /// <summary>How many findings are told that are not held against an update.</summary>
    private const int MaxWarnings = 100;

    private readonly JsonSchema _schema;
    private readonly IReadOnlyList<CompiledRule> _rules;
    private readonly Dictionary<string, RuleTree> _properties = new(StringComparer.Ordinal);
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
                _properties[name] = below;
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

    /// <summary>Evaluates the rules over a whole object.</summary>
    /// <param name="item">With its type and metadata.</param>
    /// <param name="old">As it was before an update; null for none.</param>
    /// <param name="errors">Takes the findings.</param>
    /// <param name="path">Where it is; null for a whole object.</param>
    /// <param name="ratchets">What an update has not changed is not held against it.</param>
    public void Validate(
        JsonNode item, JsonNode? old, FieldErrors errors, FieldPath? path = null, bool ratchets = true)
    {
        // The body may hold nodes made in memory; as text all numbers are of one form.
        using var document = JsonTree.ParseCommitted(JsonTree.ToBytes(item));
        using var before = old is null ? null : JsonTree.ParseCommitted(JsonTree.ToBytes(old));
        var walk = new Walk(errors, ratchets);
        Visit(walk, document.RootElement, before?.RootElement, path, new Ratchet(before is not null, null));
    }

    /// <summary>Of one validation: where findings go, and what may still be spent.</summary>
    private sealed class Walk(FieldErrors errors, bool ratchets)
    {
        public FieldErrors Errors => errors;

        public bool Ratchets => ratchets;

        public ulong Left { get; set; } = Budget;

        public bool IsOver { get; set; }
    }

    /// <summary>
    /// Whether the value can be matched with one before the update, and if not, whether what it is in was the same.
    /// </summary>
    private readonly record struct Ratchet(bool IsCorrelated, bool? ParentWasSame);

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
        if (_values is null && _properties.Count == 0)
        {
            return;
        }

        foreach (var property in map.EnumerateObject().OrderBy(static p => p.Name, StringComparer.Ordinal))
        {
            var isField = _properties.TryGetValue(property.Name, out var below);
            below ??= _schema.Properties.ContainsKey(property.Name) ? null : _values;
            if (below is null)
            {
                continue;
            }

            JsonElement? before = old is { ValueKind: JsonValueKind.Object } known
                && known.TryGetProperty(property.Name, out var found) ? found : null;
            var place = isField ? path?.Child(property.Name) ?? FieldPath.Of(property.Name)
                : path?.Key(property.Name) ?? FieldPath.Of($"[{property.Name}]");
            below.Visit(walk, property.Value, before, place, Below(ratchet, map, old, before));
        }
    }

    private void VisitList(Walk walk, JsonElement list, JsonElement? old, FieldPath? path, Ratchet ratchet)
    {
        var byKey = old is { ValueKind: JsonValueKind.Array } known && _schema.ListType == "map"
            ? known.EnumerateArray().DistinctBy(KeyOf).ToDictionary(KeyOf, StringComparer.Ordinal)
            : null;
        foreach (var (i, item) in list.EnumerateArray().Index())
        {
            JsonElement? before = byKey is not null && byKey.TryGetValue(KeyOf(item), out var found) ? found : null;
            _items!.Visit(
                walk, item, before, (path ?? FieldPath.Nowhere).Index(i), Below(ratchet, list, old, before));
        }
    }

    private string KeyOf(JsonElement item) => string.Join('\0', _schema.ListMapKeys.Select(
        k => item.ValueKind == JsonValueKind.Object && item.TryGetProperty(k, out var value) ? value.GetRawText()
            : "null"));

    private static Ratchet Below(Ratchet ratchet, JsonElement parent, JsonElement? oldParent, JsonElement? before) =>
        before is not null ? new Ratchet(true, null)
        : ratchet.IsCorrelated
            ? new Ratchet(false, oldParent is { } old && JsonElement.DeepEquals(parent, old))
            : ratchet;

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

            var activation = rule.Environment.Activate().Set("self", self);
            if (rule.TakesNoOldSelf)
            {
                activation.Set("oldSelf", CelValue.Of(oldSelf is { } held ? CelOptional.Of(held) : CelOptional.None));
            }
            else if (oldSelf is { } held)
            {
                activation.Set("oldSelf", held);
            }

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
                Report(
                    walk, rule, activation, value, path, walk.Ratchets && IsRatcheted(rule, ratchet, value, old));
            }
        }
    }

    private static bool IsRatcheted(CompiledRule rule, Ratchet ratchet, JsonElement value, JsonElement? old) =>
        !rule.UsesOldSelf && (ratchet.IsCorrelated
            ? old is { } before && JsonElement.DeepEquals(value, before)
            : ratchet.ParentWasSame == true);

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
        Walk walk, CompiledRule rule, CelActivation activation, JsonElement value, FieldPath? path, bool isRatcheted)
    {
        var message = rule.MessageProgram is null ? null : Message(walk, rule.MessageProgram, activation);
        if (!isRatcheted)
        {
            RuleFindings.Report(walk.Errors, rule, message, value, path);
            return;
        }

        if (walk.Errors.Warnings.Count >= MaxWarnings)
        {
            return;
        }

        var found = new FieldErrors();
        RuleFindings.Report(found, rule, message, value, path);
        walk.Errors.Warnings.AddRange(found.All.Select(static e => $"{e.Field}: {e.Message}"));
    }

    /// <summary>What the expression says; null when the rule's own message is to be used.</summary>
    private static string? Message(Walk walk, CelProgram program, CelActivation activation)
    {
        var (result, cost) = program.Evaluate(activation, Math.Min(walk.Left, CelProgram.PerCallLimit));
        walk.Left -= Math.Min(cost, walk.Left);
        if (result.Kind != CelKind.String)
        {
            return null;
        }

        var text = result.AsString.Trim();
        return text.Length > 0 && NameRules.ByteCount(text) <= MaxMessageLength
            && !text.Contains('\n', StringComparison.Ordinal)
            ? text
            : null;
    }
}
