using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Policy.PodDisruptionBudgets;

/// <summary>The rules of PodDisruptionBudgets.</summary>
public sealed class PodDisruptionBudgetStrategy : ResourceStrategy<V1PodDisruptionBudget>
{
    private static readonly string[] EvictionPolicies = ["AlwaysAllow", "IfHealthyBudget"];

    /// <inheritdoc/>
    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Min Available", "string", "", "The minimum number of pods that must be available."),
        new("Max Unavailable", "string", "", "The maximum number of pods that may be unavailable."),
        new("Allowed Disruptions", "integer", "", "Calculated number of pods that may be disrupted at this time."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1PodDisruptionBudget item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        Shown(item.Spec.MinAvailable),
        Shown(item.Spec.MaxUnavailable),
        item.Status?.DisruptionsAllowed ?? 0,
        TableColumns.AgeOf(item, now),
    ];

    public override IEnumerable<string> ValidateName(string name, bool isPrefix) =>
        NameRules.PathSegment(name, isPrefix);

    public override void SetDefaults(V1PodDisruptionBudget item)
    {
        ModelShape.Normalize(item);
        item.Spec ??= new V1PodDisruptionBudgetSpec();
        item.Status ??= new V1PodDisruptionBudgetStatus();
    }

    public override void PrepareForCreate(V1PodDisruptionBudget item)
    {
        item.Status = new V1PodDisruptionBudgetStatus();
        item.Metadata.Generation = 1;
    }

    public override void Validate(V1PodDisruptionBudget item, FieldErrors errors) =>
        ValidateSpec(item.Spec, errors, hadBadSelector: false);

    public override void PrepareForUpdate(V1PodDisruptionBudget item, V1PodDisruptionBudget old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
            return;
        }

        item.Status = old.Status;
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void ValidateUpdate(
        V1PodDisruptionBudget item, V1PodDisruptionBudget old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            ValidateStatus(item.Status ?? new(), errors);
            return;
        }

        var before = new FieldErrors();
        LabelSelectorRules.Validate(old.Spec.Selector, FieldPath.Of("spec", "selector"), before);
        ValidateSpec(item.Spec, errors, before.Count > 0);
    }

    private static string Shown(IntOrString? value) =>
        value is null ? "N/A"
        : PortOrText.IsNumber(value, out var number) ? number.ToString(CultureInfo.InvariantCulture)
        : value.Value;

    private static void ValidateSpec(V1PodDisruptionBudgetSpec spec, FieldErrors errors, bool hadBadSelector)
    {
        var path = FieldPath.Of("spec");
        if (spec is { MinAvailable: not null, MaxUnavailable: not null })
        {
            errors.Invalid(path, InternalForm.Shown(spec), "minAvailable and maxUnavailable cannot be both set");
        }

        ValidateAmount(spec.MinAvailable, path.Child("minAvailable"), errors);
        ValidateAmount(spec.MaxUnavailable, path.Child("maxUnavailable"), errors);
        LabelSelectorRules.Validate(spec.Selector, path.Child("selector"), errors, hadBadSelector);
        if (spec.UnhealthyPodEvictionPolicy is { } policy && !EvictionPolicies.Contains(policy, StringComparer.Ordinal))
        {
            errors.NotSupported(path.Child("unhealthyPodEvictionPolicy"), policy, EvictionPolicies);
        }
    }

    private static void ValidateAmount(IntOrString? value, FieldPath path, FieldErrors errors)
    {
        if (value is not null)
        {
            var amount = CountOrPercent.Of(value);
            amount.Validate(path, errors);
            amount.ValidateShare(path, errors);
        }
    }

    private static void ValidateStatus(V1PodDisruptionBudgetStatus status, FieldErrors errors)
    {
        var path = FieldPath.Of("status");
        ConditionRules.Validate(status.Conditions, path.Child("conditions"), errors);
        errors.NonNegative(path.Child("disruptionsAllowed"), status.DisruptionsAllowed);
        errors.NonNegative(path.Child("currentHealthy"), status.CurrentHealthy);
        errors.NonNegative(path.Child("desiredHealthy"), status.DesiredHealthy);
        errors.NonNegative(path.Child("expectedPods"), status.ExpectedPods);
    }
}
