using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ServiceAccounts;

/// <summary>The rules of ServiceAccounts.</summary>
public sealed class ServiceAccountStrategy : ResourceStrategy<V1ServiceAccount>
{
    private const string MountableSecrets = "kubernetes.io/enforce-mountable-secrets";

    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumns.Name, TableColumns.Age];

    public override IReadOnlyList<object?> Cells(V1ServiceAccount item, DateTimeOffset now) =>
        [item.Metadata.Name, TableColumns.AgeOf(item, now)];

    public override void PrepareForCreate(V1ServiceAccount item) => KeepNamesOnly(item);

    public override void PrepareForUpdate(V1ServiceAccount item, V1ServiceAccount old, string subresource) =>
        KeepNamesOnly(item);

    public override void ValidateUpdate(
        V1ServiceAccount item, V1ServiceAccount old, string subresource, FieldErrors errors) =>
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);

    public override IEnumerable<string> Warnings(V1ServiceAccount item, V1ServiceAccount? old)
    {
        if (item.GetAnnotation(MountableSecrets) is not null && old?.GetAnnotation(MountableSecrets) is null)
        {
            yield return $"metadata.annotations[{MountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to " +
                "mounted secrets";
        }
    }

    /// <summary>References to secrets of the own namespace: nothing but the name has a meaning.</summary>
    private static void KeepNamesOnly(V1ServiceAccount item)
    {
        for (var i = 0; i < (item.Secrets?.Count ?? 0); i++)
        {
            item.Secrets![i] = new V1ObjectReference { Name = item.Secrets[i].Name };
        }
    }
}
