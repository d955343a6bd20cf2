using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Core.Namespaces;

/// <summary>
/// The rules of Namespaces. They end through <c>spec.finalizers</c>, which only the finalize subresource may shorten.
/// </summary>
public sealed class NamespaceStrategy : ResourceStrategy<V1Namespace>, ISpecFinalizers
{
    public const string Finalizer = "kubernetes";
    public const string NameLabel = "kubernetes.io/metadata.name";
    public const string Active = "Active";
    public const string Terminating = "Terminating";

    private static readonly FieldPath FinalizersPath = FieldPath.Of("spec", "finalizers");
    private static readonly FieldPath PhasePath = FieldPath.Of("status", "Phase");

    public override IReadOnlyList<SelectableField> SelectableFields { get; } =
        [new("metadata.name"), new("status.phase")];

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumns.Name, new("Status", "string", "", "The status of the namespace"), TableColumns.Age];

    public override IReadOnlyList<object?> Cells(V1Namespace item, DateTimeOffset now) =>
        [item.Metadata.Name, item.Status?.Phase ?? "", TableColumns.AgeOf(item, now)];

    /// <summary>Finalizing touches no status.</summary>
    public override FieldFilter? OwnableFields(string subresource) =>
        subresource == "finalize" ? FieldFilter.NoStatus : base.OwnableFields(subresource);

    public override void SetDefaults(V1Namespace item)
    {
        item.Spec ??= new V1NamespaceSpec();
        item.Status ??= new V1NamespaceStatus();
        item.Status.Phase = string.IsNullOrEmpty(item.Status.Phase) ? Active : item.Status.Phase;
        SetNameLabel(item);
    }

    public override void PrepareForCreate(V1Namespace item)
    {
        item.Status = new V1NamespaceStatus { Phase = Active };
        item.Spec.Finalizers ??= [];
        if (!item.Spec.Finalizers.Contains(Finalizer))
        {
            item.Spec.Finalizers.Add(Finalizer);
        }

        SetNameLabel(item);
    }

    public override void Validate(V1Namespace item, FieldErrors errors)
    {
        foreach (var finalizer in item.Spec?.Finalizers ?? [])
        {
            ValidateFinalizer(finalizer, FinalizersPath, errors);
        }
    }

    public override void PrepareForUpdate(V1Namespace item, V1Namespace old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
        }
        else
        {
            item.Status = old.Status;
            item.Spec = subresource == "finalize" ? item.Spec : old.Spec;
        }

        SetNameLabel(item);
    }

    public override void ValidateUpdate(V1Namespace item, V1Namespace old, string subresource, FieldErrors errors)
    {
        switch (subresource)
        {
            case "status": ValidatePhase(item, errors); break;
            case "finalize":
                for (var i = 0; i < (item.Spec?.Finalizers?.Count ?? 0); i++)
                {
                    ValidateFinalizer(item.Spec!.Finalizers[i], FinalizersPath.Index(i), errors);
                }

                break;
            default:
                ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
                break;
        }
    }

    /// <inheritdoc/>
    public bool HasSpecFinalizers(IKubernetesObject<V1ObjectMeta> item) =>
        item is V1Namespace { Spec.Finalizers.Count: > 0 };

    /// <inheritdoc/>
    public void MarkDeletion(IKubernetesObject<V1ObjectMeta> item, DateTime now)
    {
        var space = (V1Namespace)item;
        space.Metadata.DeletionTimestamp = now;
        space.Status ??= new V1NamespaceStatus();
        space.Status.Phase = Terminating;
    }

    public override IEnumerable<string> ValidateName(string name, bool isPrefix) => NameRules.DnsLabel(name, isPrefix);

    private static void ValidatePhase(V1Namespace item, FieldErrors errors)
    {
        var phase = item.Status?.Phase ?? "";
        if (item.Metadata.DeletionTimestamp is null && phase != Active)
        {
            errors.Invalid(PhasePath, phase, "may only be 'Active' if `deletionTimestamp` is empty");
        }
        else if (item.Metadata.DeletionTimestamp is not null && phase != Terminating)
        {
            errors.Invalid(PhasePath, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
        }
    }

    private static void ValidateFinalizer(string finalizer, FieldPath path, FieldErrors errors)
    {
        errors.InvalidEach(path, finalizer, NameRules.QualifiedName(finalizer));
        ObjectMetaRules.ValidateFinalizerName(finalizer, path, errors);
    }

    private static void SetNameLabel(V1Namespace item)
    {
        if (!string.IsNullOrEmpty(item.Metadata.Name))
        {
            item.Metadata.Labels ??= new Dictionary<string, string>();
            item.Metadata.Labels[NameLabel] = item.Metadata.Name;
        }
    }
}
