using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>What an expression asks an authorizer; of a path or of a resource.</summary>
public sealed record CelAccessCheck
{
    /// <summary>Whom it is asked about, when that is another than who sent the request: a service account.</summary>
    public (string Namespace, string Name)? ServiceAccount { get; init; }

    /// <summary>Not null when a path is asked about.</summary>
    public string? Path { get; init; }

    public string Verb { get; init; } = "";

    public string Group { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    public string FieldSelector { get; init; } = "";

    public string LabelSelector { get; init; } = "";
}

/// <summary>What an authorizer answers.</summary>
/// <param name="Error">Null when it could decide.</param>
public sealed record CelAccessDecision(bool Allowed, string Reason, string? Error = null);

/// <summary>Who answers what expressions ask by <c>authorizer</c>; given by the host.</summary>
public interface ICelAuthorizer
{
    CelAccessDecision Check(CelAccessCheck check);
}

/// <summary>Questions to the authorizer, built up step by step.</summary>
public static class AuthorizerLibrary
{
    /// <summary>The type of the variable <c>authorizer</c>.</summary>
    public static readonly CelType AuthorizerType = CelType.Opaque("kubernetes.authorization.Authorizer");

    /// <summary>The type of the variable <c>authorizer.requestResource</c>.</summary>
    public static readonly CelType ResourceCheckType = CelType.Opaque("kubernetes.authorization.ResourceCheck");

    private static readonly CelType PathCheckType = CelType.Opaque("kubernetes.authorization.PathCheck");
    private static readonly CelType GroupCheckType = CelType.Opaque("kubernetes.authorization.GroupCheck");
    private static readonly CelType DecisionType = CelType.Opaque("kubernetes.authorization.Decision");

    internal static CelLibrary Library { get; } = new()
    {
        Types = [AuthorizerType, PathCheckType, GroupCheckType, ResourceCheckType, DecisionType],
        Functions =
        [
            Step("path", "authorizer_path", AuthorizerType, PathCheckType, static (c, s) => c with { Path = s },
                "path"),
            Step("group", "authorizer_group", AuthorizerType, GroupCheckType, static (c, s) => c with { Group = s }),
            CelFunction.Of("serviceAccount", ("authorizer_serviceaccount",
                $"{AuthorizerType.Name}.(string, string) {AuthorizerType.Name}", ServiceAccount)),
            Step("resource", "groupcheck_resource", GroupCheckType, ResourceCheckType,
                static (c, s) => c with { Resource = s }, "resource"),
            Step("subresource", "resourcecheck_subresource", ResourceCheckType, ResourceCheckType,
                static (c, s) => c with { Subresource = s }),
            Step("namespace", "resourcecheck_namespace", ResourceCheckType, ResourceCheckType,
                static (c, s) => c with { Namespace = s }),
            Step("name", "resourcecheck_name", ResourceCheckType, ResourceCheckType, static (c, s) =>
                c with { Name = s }),
            Step("fieldSelector", "authorizer_fieldselector", ResourceCheckType, ResourceCheckType,
                static (c, s) => c with { FieldSelector = s }),
            Step("labelSelector", "authorizer_labelselector", ResourceCheckType, ResourceCheckType,
                static (c, s) => c with { LabelSelector = s }),
            CelFunction.Of("check",
                ("pathcheck_check", $"{PathCheckType.Name}.(string) {DecisionType.Name}", Check),
                ("resourcecheck_check", $"{ResourceCheckType.Name}.(string) {DecisionType.Name}", Check)),
            CelFunction.Of("allowed", ("decision_allowed", $"{DecisionType.Name}.() bool", static a =>
                CelValue.Of(((Decision)a[0].AsOpaque).Answer.Allowed))),
            CelFunction.Of("reason", ("decision_reason", $"{DecisionType.Name}.() string", static a =>
                CelValue.Of(((Decision)a[0].AsOpaque).Answer.Reason))),
            CelFunction.Of("errored", ("decision_errored", $"{DecisionType.Name}.() bool", static a =>
                CelValue.Of(((Decision)a[0].AsOpaque).Answer.Error is not null))),
            CelFunction.Of("error", ("decision_error", $"{DecisionType.Name}.() string", static a =>
                CelValue.Of(((Decision)a[0].AsOpaque).Answer.Error ?? ""))),
        ],
    };

    /// <summary>What the variable <c>authorizer</c> holds.</summary>
    public static CelValue Of(ICelAuthorizer authorizer) =>
        CelValue.Of(new Question(AuthorizerType, authorizer, new CelAccessCheck()));

    /// <summary>
    /// What the variable <c>authorizer.requestResource</c> holds: a check of the resource that is asked for.
    /// </summary>
    public static CelValue OfResource(ICelAuthorizer authorizer, CelAccessCheck check) =>
        CelValue.Of(new Question(ResourceCheckType, authorizer, check));

    private static CelFunction Step(
        string name, string id, CelType from, CelType to, Func<CelAccessCheck, string, CelAccessCheck> set,
        string? required = null) =>
        CelFunction.Of(name, (id, $"{from.Name}.(string) {to.Name}", a =>
        {
            var question = (Question)a[0].AsOpaque;
            return required is not null && string.IsNullOrWhiteSpace(a[1].AsString)
                ? CelValue.OfError($"{required} must not be empty")
                : CelValue.Of(new Question(to, question.Authorizer, set(question.Asked, a[1].AsString)));
        }));

    private static CelValue ServiceAccount(ReadOnlySpan<CelValue> a)
    {
        var question = (Question)a[0].AsOpaque;
        return !IsName(a[2].AsString, 253, mayDot: true) ? CelValue.OfError("Invalid service account name")
            : !IsName(a[1].AsString, 63, mayDot: false) ? CelValue.OfError("Invalid service account namespace")
            : CelValue.Of(new Question(AuthorizerType, question.Authorizer,
                question.Asked with { ServiceAccount = (a[1].AsString, a[2].AsString) }));
    }

    private static bool IsName(string name, int length, bool mayDot) => name.Length > 0 && name.Length <= length
        && name.Split('.') is var labels && (mayDot || labels.Length == 1) && labels.All(static l => l.Length > 0
            && char.IsAsciiLetterOrDigit(l[0]) && char.IsAsciiLetterOrDigit(l[^1])
            && l.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));

    private static CelValue Check(ReadOnlySpan<CelValue> a)
    {
        var question = (Question)a[0].AsOpaque;
        return CelValue.Of(new Decision(question.Authorizer.Check(question.Asked with { Verb = a[1].AsString })));
    }

    private sealed class Question(CelType type, ICelAuthorizer authorizer, CelAccessCheck asked) : CelOpaque
    {
        public ICelAuthorizer Authorizer => authorizer;

        public CelAccessCheck Asked => asked;

        public override CelType Type => type;
    }

    private sealed class Decision(CelAccessDecision answer) : CelOpaque
    {
        public CelAccessDecision Answer => answer;

        public override CelType Type => DecisionType;
    }
}
