using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>Upstream's policy that groups of the community's own domains need its approval, by an annotation.</summary>
public static class ApiApproval
{
    private const string Annotation = "api-approved.kubernetes.io";
    private const string See = "see https://github.com/kubernetes/enhancements/pull/1111";

    private static readonly FieldPath Path = FieldPath.Of("metadata", "annotations").Key(Annotation);

    /// <summary>The condition that says how it stands; null for groups that need no approval.</summary>
    public static V1CustomResourceDefinitionCondition? Condition(V1CustomResourceDefinition definition)
    {
        if (!IsProtected(definition.Spec.Group ?? ""))
        {
            return null;
        }

        var (state, reason) = StateOf(definition);
        return DefinitionConditions.Of(
            DefinitionConditions.ApprovalPolicy, state == "ApprovedAnnotation", state, reason);
    }

    /// <summary>Findings on the annotation; an update may leave it as bad as it was.</summary>
    public static void Validate(
        V1CustomResourceDefinition definition, V1CustomResourceDefinition? old, FieldErrors errors)
    {
        if (!IsProtected(definition.Spec.Group ?? ""))
        {
            return;
        }

        var (state, reason) = StateOf(definition);
        if (old is not null && StateOf(old).State == state)
        {
            return;
        }

        switch (state)
        {
            case "MissingAnnotation":
                errors.Required(Path, reason);
                break;
            case "InvalidAnnotation":
                errors.Invalid(Path, ValueOf(definition), reason);
                break;
        }
    }

    private static bool IsProtected(string group) => group is "k8s.io" or "kubernetes.io"
        || group.EndsWith(".k8s.io", StringComparison.Ordinal)
        || group.EndsWith(".kubernetes.io", StringComparison.Ordinal);

    private static string ValueOf(V1CustomResourceDefinition definition) =>
        definition.Metadata.Annotations?.TryGetValue(Annotation, out var value) == true ? value ?? "" : "";

    private static (string State, string Reason) StateOf(V1CustomResourceDefinition definition)
    {
        var value = ValueOf(definition);
        return value.Length == 0
                ? ("MissingAnnotation", $"protected groups must have approval annotation \"{Annotation}\", {See}")
            : value.StartsWith("unapproved", StringComparison.Ordinal)
                ? ("UnapprovedAnnotation", $"not approved: {GoText.Quote(value)}")
            : Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Host.Length > 0
                ? ("ApprovedAnnotation", $"approved in {value}")
            : ("InvalidAnnotation",
                $"protected groups must have approval annotation \"{Annotation}\" with either a URL or a reason "
                + $"starting with \"unapproved\", {See}");
    }
}
