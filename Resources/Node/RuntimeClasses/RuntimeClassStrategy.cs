using k8s.Models;
using OrleansOrchestrator.Resources.Core.ConfigMaps;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Node.RuntimeClasses;

/// <summary>The rules of RuntimeClasses: what runs the pods of a class never changes.</summary>
public sealed class RuntimeClassStrategy : ResourceStrategy<V1RuntimeClass>
{
    private static readonly FieldPath HandlerPath = FieldPath.Of("handler");

    public override bool AllowCreateOnUpdate => true;

    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumns.Name, new("Handler", "string", "", ""), TableColumns.Age];

    public override IReadOnlyList<object?> Cells(V1RuntimeClass item, DateTimeOffset now) =>
        [item.Metadata.Name, item.Handler ?? "", TableColumns.AgeOf(item, now)];

    public override void SetDefaults(V1RuntimeClass item)
    {
        ModelShape.Normalize(item);
        PodDefaults.RoundUp(item.Overhead?.PodFixed);
    }

    public override void Validate(V1RuntimeClass item, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(item.Handler))
        {
            errors.Required(HandlerPath);
        }
        else
        {
            errors.InvalidEach(HandlerPath, item.Handler, NameRules.DnsLabel(item.Handler));
        }

        if (item.Overhead is { } overhead)
        {
            var path = FieldPath.Of("overhead");
            new PodSpecValidator(new V1PodSpec(), null, path, errors).Requirements(
                new V1ResourceRequirements { Limits = overhead.PodFixed }, path, atPodLevel: false);
        }

        if (item.Scheduling is { } scheduling)
        {
            ObjectMetaRules.ValidateLabels(scheduling.NodeSelector, FieldPath.Of("scheduling", "nodeSelector"), errors);
            ValidateTolerations(scheduling.Tolerations ?? [], FieldPath.Of("scheduling", "tolerations"), errors);
        }
    }

    public override void ValidateUpdate(V1RuntimeClass item, V1RuntimeClass old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(
            item.Metadata, namespaced: false, ValidateName, errors, takesAnyFinalizer: true);
        Validate(item, errors);
        errors.Immutable(HandlerPath, item.Handler, old.Handler);
    }

    public override IEnumerable<string> Warnings(V1RuntimeClass item, V1RuntimeClass? old)
    {
        foreach (var (key, _) in ConfigMapStrategy.Sorted(item.Scheduling?.NodeSelector))
        {
            if (PodWarnings.NodeLabel(key) is { } message)
            {
                yield return $"{FieldPath.Of("scheduling", "nodeSelector")}: {message}";
            }
        }
    }

    private static void ValidateTolerations(IList<V1Toleration> tolerations, FieldPath path, FieldErrors errors)
    {
        PodSpecValidator.Tolerations(tolerations, path, errors);
        var seen = new HashSet<(string, string, string, string)>();
        foreach (var (i, toleration) in tolerations.Index())
        {
            // How long something is tolerated tells no two apart.
            var key = (toleration.Key ?? "", toleration.OperatorProperty ?? "", toleration.Value ?? "",
                toleration.Effect ?? "");
            if (!seen.Add(key))
            {
                errors.Duplicate(path.Index(i), InternalForm.Shown(toleration));
            }
        }
    }
}
