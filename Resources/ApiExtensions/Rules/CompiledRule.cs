using System.Text.Json;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>A rule of a schema, ready to be evaluated, or what is wrong with it.</summary>
internal sealed class CompiledRule
{
    private const string Self = "self";
    private const string OldSelf = "oldSelf";

    private CompiledRule(RuleSchema schema, JsonElement rule)
    {
        Schema = schema.Cel;
        MaxCardinality = schema.MaxCardinality;
        Json = rule;
        Text = Read(rule, "rule").Trim();
        Message = Read(rule, "message").Trim();
        MessageExpression = Read(rule, "messageExpression").Trim();
        Reason = Read(rule, "reason");
        TakesNoOldSelf = rule.TryGetProperty("optionalOldSelf", out var optional)
            && optional.ValueKind == JsonValueKind.True;
        var environment = KubernetesCel.Environment.WithVariable(Self, schema.Cel);
        Environment = TakesNoOldSelf
            ? environment.WithVariable(OldSelf, CelType.Optional(schema.Cel.Type))
            : environment.WithVariable(OldSelf, schema.Cel);
    }

    public JsonElement Json { get; }

    public string Text { get; }

    public string Message { get; }

    public string MessageExpression { get; }

    public string Reason { get; }

    /// <summary>Whether the rule is asked too when nothing was there before.</summary>
    public bool TakesNoOldSelf { get; }

    public CelSchema Schema { get; }

    public CelEnvironment Environment { get; }

    /// <summary>How often the value can be there when no list or map around it is bounded.</summary>
    public ulong MaxCardinality { get; }

    /// <summary>Null when it does not compile.</summary>
    public CelProgram? Program { get; private set; }

    public CelProgram? MessageProgram { get; private set; }

    /// <summary>What is wrong with the rule, in upstream's words; null for nothing.</summary>
    public string? Complaint { get; private set; }

    public string? MessageComplaint { get; private set; }

    public bool UsesOldSelf => Program?.Reads(OldSelf) == true;

    /// <summary>Where a finding is, below the value; null for the value itself.</summary>
    public IReadOnlyList<RulePathStep> Steps { get; private set; } = [];

    /// <summary>What names the rule in messages.</summary>
    public string Shown => Message.Length > 0 ? Message : Text;

    /// <summary>What variables hold.</summary>
    /// <param name="self">The value.</param>
    /// <param name="old">What it was before; null for nothing, or when no rule of the value asks.</param>
    /// <param name="isOptional">Whether it is given as what may be missing.</param>
    public CelActivation Activate(CelValue self, CelValue? old, bool isOptional)
    {
        var activation = Environment.Activate().Set(Self, self);
        if (isOptional)
        {
            activation.Set(OldSelf, CelValue.Of(old is { } held ? CelOptional.Of(held) : CelOptional.None));
        }
        else if (old is { } held)
        {
            activation.Set(OldSelf, held);
        }

        return activation;
    }

    /// <summary>Where a finding is.</summary>
    /// <param name="path">Where the value is; null for a whole object.</param>
    public FieldPath PlaceOf(FieldPath? path) =>
        Steps.Count == 0 ? path ?? FieldPath.Nowhere : RulePathStep.Follow(path, Steps);

    /// <summary>The rules of a value, without those of what is in it.</summary>
    /// <param name="schema">The value's schema.</param>
    /// <param name="isRoot">It is a whole object.</param>
    public static IReadOnlyList<CompiledRule> Compile(JsonSchema schema, bool isRoot)
    {
        if (schema.Rules.Count == 0 || RuleSchema.Of(schema, Self, isRoot) is not { } seen)
        {
            return [];
        }

        var started = RuleMeter.Begin();
        IReadOnlyList<CompiledRule> rules = [.. schema.Rules.Select(r => Compile(schema, seen, r))];
        RuleMeter.Compiled(started);
        return rules;
    }

    /// <summary>A text of the rule as it is published; empty for none.</summary>
    public static string Read(JsonElement rule, string field) =>
        rule.ValueKind == JsonValueKind.Object && rule.TryGetProperty(field, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    private static CompiledRule Compile(JsonSchema schema, RuleSchema seen, JsonElement json)
    {
        var rule = new CompiledRule(seen, json);
        if (rule.Text.Length > 0)
        {
            (rule.Program, rule.Complaint) = rule.Compile(
                Read(json, "rule"), CelType.Bool, "compilation failed: ", "program instantiation failed: ",
                "cel expression must evaluate to a bool");
        }

        // Of a rule that is bad itself, the message is not looked at.
        if (rule.Program is not null && rule.MessageExpression.Length > 0)
        {
            (rule.MessageProgram, rule.MessageComplaint) = rule.Compile(
                Read(json, "messageExpression"), CelType.String, "messageExpression compilation failed: ",
                "messageExpression instantiation failed: ",
                "messageExpression must evaluate to a string");
        }

        rule.Steps = RulePathStep.Parse(Read(json, "fieldPath"), schema) ?? [];
        return rule;
    }

    private (CelProgram?, string?) Compile(
        string text, CelType wanted, string failed, string notMade, string otherType)
    {
        var (program, issues) = Environment.Compile(text);
        return program is null ? (null, failed + issues)
            : !program.ResultType.Equals(wanted) ? (null, otherType)
            : program.Fault is { } fault ? (null, notMade + fault)
            : (program, null);
    }
}
