using k8s.Models;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

/// <summary>
/// Whether the expressions of a policy fit the kinds that it names. What does not is only told: objects may have fields
/// that this server does not know of.
/// </summary>
public static class PolicyTypeChecker
{
    /// <summary>Kinds of one policy that are looked at.</summary>
    private const int MaxKinds = 10;

    /// <summary>What does not fit, in upstream's words.</summary>
    public static IReadOnlyList<V1ExpressionWarning> Check(
        V1ValidatingAdmissionPolicySpec spec, ResourceTable table)
    {
        var parameters = spec.ParamKind is { } kind && table.Find(kind.ApiVersion, kind.Kind) is { } found
            ? KindSchemas.Of(found.Codec.Schema)
            : null;
        var environments = KindsOf(spec, table)
            .Select(k => (Kind: $"{k.Name.Group}/{k.Version}, Kind={k.Kind}", Schema: KindSchemas.Of(k.Codec.Schema)))
            .Where(k => k.Schema is not null)
            .Select(k => (k.Kind, Environment(k.Schema!, parameters, spec.Variables ?? [])))
            .ToList();
        var warnings = new List<V1ExpressionWarning>();
        foreach (var (i, validation) in (spec.Validations ?? []).Index())
        {
            var path = FieldPath.Of("spec", "validations").Index(i);
            Check(validation.Expression, path.Child("expression"), environments, warnings);
            Check(validation.MessageExpression, path.Child("messageExpression"), environments, warnings);
        }

        return warnings;
    }

    private static void Check(
        string? expression, FieldPath path, List<(string Kind, CelEnvironment Environment)> environments,
        List<V1ExpressionWarning> warnings)
    {
        if (string.IsNullOrEmpty(expression))
        {
            return;
        }

        var found = environments.Select(e => (e.Kind, e.Environment.Compile(expression).Issues))
            .Where(static e => e.Issues.Length > 0).Select(static e => $"{e.Kind}: {e.Issues}\n").ToList();
        if (found.Count > 0)
        {
            warnings.Add(new V1ExpressionWarning { FieldRef = path.ToString(), Warning = string.Join('\n', found) });
        }
    }

    /// <summary>The kinds that rules name without wildcards, in order.</summary>
    private static IEnumerable<ResourceDefinition> KindsOf(V1ValidatingAdmissionPolicySpec spec, ResourceTable table)
    {
        static bool IsPlain(IList<string>? texts) => texts is not null && !texts.Any(static t => t.Contains('*'));
        return (spec.MatchConstraints?.ResourceRules ?? [])
            .Where(static r => IsPlain(r.ApiGroups) && IsPlain(r.ApiVersions))
            .SelectMany(r =>
                from @group in r.ApiGroups
                from version in r.ApiVersions
                from resource in r.Resources ?? []
                where !resource.Contains('*', StringComparison.Ordinal)
                    && !resource.Contains('/', StringComparison.Ordinal)
                select table.Find(new ResourceName(@group, resource), version))
            .OfType<ResourceDefinition>().Distinct()
            .OrderBy(static d => d.Name.Group, StringComparer.Ordinal)
            .ThenBy(static d => d.Version, StringComparer.Ordinal)
            .ThenBy(static d => d.Kind, StringComparer.Ordinal)
            .Take(MaxKinds);
    }

    private static CelEnvironment Environment(CelSchema item, CelSchema? parameters, IList<V1Variable> variables)
    {
        var environment = KubernetesCel.Environment
            .WithVariable(AdmissionVariables.Object, item)
            .WithVariable(AdmissionVariables.OldObject, item)
            .WithVariable(AdmissionVariables.Namespace, AdmissionVariables.NamespaceSchema)
            .WithVariable(AdmissionVariables.Request, AdmissionVariables.RequestSchema);
        environment = parameters is null
            ? environment
            : environment.WithVariable(AdmissionVariables.Params, parameters);
        environment = environment
            .WithVariable(AdmissionVariables.Authorizer, AuthorizerLibrary.AuthorizerType)
            .WithVariable(AdmissionVariables.RequestResource, AuthorizerLibrary.ResourceCheckType);
        return PolicyCompiler.WithVariables(environment, variables);
    }
}
