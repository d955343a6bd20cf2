using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Costs;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>
/// Findings on the rules of a definition: what does not compile, and what could cost too much for any object that the
/// schema lets in.
/// </summary>
internal sealed class RuleDefinitionChecks
{
    /// <summary>What one rule may cost at most over a whole object.</summary>
    private const ulong RuleLimit = 10_000_000;

    /// <summary>What all rules of a version may cost together.</summary>
    private const ulong TotalLimit = 100_000_000;

    /// <summary>Lesser factors are shown with more digits, lest it be a factor of 1.0.</summary>
    private const double LeastPlainFactor = 1.5;

    /// <summary>How many of those that cost most are named.</summary>
    private const int MostNamed = 4;

    private readonly FieldErrors _errors;
    private readonly IReadOnlySet<JsonSchema>? _faulty;
    private readonly List<(FieldPath Path, ulong Cost)> _expensive = [];
    private ulong _total;

    private RuleDefinitionChecks(FieldErrors errors, IReadOnlySet<JsonSchema>? faulty) =>
        (_errors, _faulty) = (errors, faulty);

    /// <param name="schema">The schema of a version.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="errors">Takes the findings.</param>
    /// <param name="faulty">Schemas that have other faults: their own rules are not looked at.</param>
    public static void Validate(
        JsonSchema schema, FieldPath path, FieldErrors errors, IReadOnlySet<JsonSchema>? faulty = null)
    {
        var checks = new RuleDefinitionChecks(errors, faulty);
        checks.Visit(schema, path, new Place { IsRoot = true, Cardinality = 1 });
        if (checks._total <= TotalLimit)
        {
            return;
        }

        foreach (var (place, _) in checks._expensive.OrderByDescending(static e => e.Cost).Take(MostNamed))
        {
            errors.Forbidden(place,
                "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema");
        }

        errors.Forbidden(path, TooMuch(
            "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema",
            checks._total, TotalLimit));
    }

    /// <summary>What the schemas around one mean for its rules.</summary>
    private readonly record struct Place
    {
        public required bool IsRoot { get; init; }

        /// <summary>How many such values an object can have; null when nothing bounds it.</summary>
        public required ulong? Cardinality { get; init; }

        /// <summary>Within what no value can be matched with that before an update.</summary>
        public FieldPath? Uncorrelatable { get; init; }

        /// <summary>It or something around it has rules.</summary>
        public bool IsInRules { get; init; }

        /// <summary>It or something around it, in turn within rules, is what no rule can see.</summary>
        public bool IsUnseen { get; init; }

        /// <summary>The place of a schema that stands here.</summary>
        public Place Of(JsonSchema schema)
        {
            var isInRules = IsInRules || schema.Rules.Count > 0;
            return this with
            {
                IsInRules = isInRules, IsUnseen = IsUnseen || (isInRules && !RuleSchema.IsSeen(schema, IsRoot)),
            };
        }

        public Place Times(long? count) => this with
        {
            IsRoot = false,
            Cardinality = count is { } known && Cardinality is { } so ? CelCost.Product(so, (ulong)Math.Max(known, 0))
                : null,
        };
    }

    /// <summary>In upstream's order: what is in a schema comes before its own rules.</summary>
    private void Visit(JsonSchema schema, FieldPath path, Place around)
    {
        var place = around.Of(schema);
        if (schema.AdditionalProperties is { } values)
        {
            Visit(values, path.Child("additionalProperties"),
                place.Times(schema.MaxProperties) with { IsRoot = values.IsEmbedded });
        }

        foreach (var (name, property) in schema.Properties)
        {
            Visit(property, path.Child("properties").Key(name), place with { IsRoot = property.IsEmbedded });
        }

        if (schema.Items is { } items)
        {
            var itemPath = path.Child("items");
            var correlated = schema.ListType == "map" ? place.Uncorrelatable : place.Uncorrelatable ?? path;
            Visit(items, itemPath,
                place.Times(schema.MaxItems) with { IsRoot = items.IsEmbedded, Uncorrelatable = correlated });
        }

        CheckRules(schema, path, place);
    }

    private void CheckRules(JsonSchema schema, FieldPath path, Place place)
    {
        if (schema.Rules.Count == 0 || _faulty?.Contains(schema) == true)
        {
            return;
        }

        // Upstream derives the type from that of what is around, and passes on that there is none.
        if (place.IsUnseen)
        {
            _errors.InternalError(
                path.Child("x-kubernetes-validations"),
                "internal error: failed to construct type information for x-kubernetes-validations rules: unable to "
                + "convert structural schema to CEL declarations");
            return;
        }

        foreach (var (i, rule) in CompiledRule.Compile(schema, place.IsRoot).Index())
        {
            CheckRule(rule, path.Child("x-kubernetes-validations").Index(i), place);
        }
    }

    private void CheckRule(CompiledRule rule, FieldPath path, Place place)
    {
        CheckCost(
            rule.Program, "estimated rule cost", path.Child("rule"), place.Cardinality ?? rule.MaxCardinality);
        if (rule.Complaint is { } complaint)
        {
            _errors.Invalid(path.Child("rule"), Shown(rule.Json), complaint);
        }

        if (rule.MessageComplaint is { } messageComplaint)
        {
            _errors.Invalid(path.Child("messageExpression"), Shown(rule.Json), messageComplaint);
        }

        // Upstream counts one evaluation of the message only.
        CheckCost(
            rule.MessageProgram, "estimated messageExpression cost", path.Child("messageExpression"), cardinality: 1);
        if (rule.UsesOldSelf && place.Uncorrelatable is { } within)
        {
            _errors.Invalid(path.Child("rule"), CompiledRule.Read(rule.Json, "rule"),
                $"oldSelf cannot be used on the uncorrelatable portion of the schema within {within}");
        }

        if (!rule.UsesOldSelf && rule.Json.TryGetProperty("optionalOldSelf", out var optional)
            && optional.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            _errors.Invalid(path.Child("optionalOldSelf"), optional.GetBoolean(),
                "may not be set if oldSelf is not used in rule");
        }
    }

    private void CheckCost(CelProgram? program, string what, FieldPath path, ulong cardinality)
    {
        if (program is null)
        {
            return;
        }

        var cost = CelCost.Product(program.EstimateCost().Max, cardinality);
        if (cost > RuleLimit)
        {
            _errors.Forbidden(path, TooMuch(what, cost, RuleLimit));
        }

        _total = CelCost.Sum(_total, cost);
        if (cost >= TotalLimit / 100)
        {
            _expensive.Add((path, cost));
        }
    }

    private static string TooMuch(string what, ulong cost, ulong limit)
    {
        var factor = (double)cost / limit;
        var shown = factor > 100 ? "more than 100x"
            : factor.ToString(factor < LeastPlainFactor ? "F6" : "F1", CultureInfo.InvariantCulture) + "x";
        return $"{what} exceeds budget by factor of {shown} (try simplifying the rule, or adding maxItems, "
            + "maxProperties, and maxLength where arrays, maps, and strings are declared)";
    }

    /// <summary>As upstream prints the rule: its structure in Go.</summary>
    public static RawJson Shown(JsonElement rule)
    {
        var reason = CompiledRule.Read(rule, "reason") is { Length: > 0 } given ? GoText.Json(given) : "null";
        var optional = rule.TryGetProperty("optionalOldSelf", out var value)
            && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetRawText() : "null";
        return new RawJson($"{{\"Rule\":{Text("rule")},\"Message\":{Text("message")},"
            + $"\"MessageExpression\":{Text("messageExpression")},\"Reason\":{reason},"
            + $"\"FieldPath\":{Text("fieldPath")},\"OptionalOldSelf\":{optional}}}");

        string Text(string field) => GoText.Json(CompiledRule.Read(rule, field));
    }
}
