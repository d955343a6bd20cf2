using k8s.Models;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>The conditions of CustomResourceDefinitions.</summary>
public static class DefinitionConditions
{
    public const string Established = "Established";
    public const string NamesAccepted = "NamesAccepted";
    public const string Terminating = "Terminating";
    public const string ApprovalPolicy = "KubernetesAPIApprovalPolicyConformant";

    public static bool IsTrue(V1CustomResourceDefinition definition, string type) =>
        Find(definition, type)?.Status == "True";

    public static V1CustomResourceDefinitionCondition? Find(V1CustomResourceDefinition definition, string type) =>
        definition.Status?.Conditions?.FirstOrDefault(c => c.Type == type);

    /// <summary>Sets a condition; its time is that of the change of its status.</summary>
    public static void Set(
        V1CustomResourceDefinition definition, V1CustomResourceDefinitionCondition next, DateTime now)
    {
        definition.Status ??= new V1CustomResourceDefinitionStatus();
        definition.Status.Conditions ??= [];
        if (Find(definition, next.Type) is not { } known)
        {
            next.LastTransitionTime = now;
            definition.Status.Conditions.Add(next);
            return;
        }

        if (known.Status != next.Status)
        {
            known.LastTransitionTime = now;
        }

        (known.Status, known.Reason, known.Message) = (next.Status, next.Reason, next.Message);
    }

    public static V1CustomResourceDefinitionCondition Of(string type, bool status, string reason, string message) =>
        new() { Type = type, Status = status ? "True" : "False", Reason = reason, Message = message };
}
