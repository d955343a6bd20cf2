using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Findings on the metrics that an autoscaler follows.</summary>
internal static class MetricRules
{
    private const string AverageValue = "averageValue";
    private const string AverageUtilization = "averageUtilization";

    private static readonly string[] SourceTypes = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    private static readonly string[] TargetTypes = ["Utilization", "Value", "AverageValue"];

    /// <summary>Findings on the metrics of a spec.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="old">The one before an update.</param>
    /// <param name="path">Where the metrics are.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(
        V2HorizontalPodAutoscalerSpec spec, V2HorizontalPodAutoscalerSpec? old, FieldPath path, FieldErrors errors)
    {
        var hadAnyVersion = (old?.Metrics ?? []).Any(m =>
            m.ObjectProperty is { } source && !ReferenceRules.IsGroupVersion(source.DescribedObject?.ApiVersion));
        foreach (var (i, metric) in (spec.Metrics ?? []).Index())
        {
            Validate(metric, path.Index(i), hadAnyVersion, errors);
        }

        if (spec.MinReplicas == 0 && spec.Metrics?.Any(m => m.Type is "Object" or "External") != true)
        {
            errors.Forbidden(
                path, "must specify at least one Object or External metric to support scaling to zero replicas");
        }
    }

    private static void Validate(V2MetricSpec metric, FieldPath path, bool mayBeAnything, FieldErrors errors)
    {
        var type = path.Child("type");
        if (string.IsNullOrEmpty(metric.Type))
        {
            errors.Required(type, "must specify a metric source type");
        }

        var isKnown = SourceTypes.Contains(metric.Type, StringComparer.Ordinal);
        if (!isKnown)
        {
            errors.NotSupported(type, metric.Type ?? "", SourceTypes);
        }

        var present = Present(metric).ToList();
        if (present.Count > 0)
        {
            ValidateSource(metric, present[0], path.Child(present[0]), mayBeAnything, errors);
        }

        // The field has the name of the type.
        var expected = isKnown ? char.ToLowerInvariant(metric.Type![0]) + metric.Type[1..] : null;
        if (expected is null)
        {
            errors.NotSupported(type, metric.Type ?? "", SourceTypes);
        }
        else if (!present.Contains(expected))
        {
            errors.Required(path.Child(expected), "must populate information for the given metric source");
        }

        if (present.Count != 1)
        {
            foreach (var other in present.Where(p => p != expected))
            {
                errors.Forbidden(path.Child(other), "must populate the given metric source only");
            }
        }
    }

    private static IEnumerable<string> Present(V2MetricSpec metric)
    {
        (string Name, object? Source)[] sources =
        [
            ("object", metric.ObjectProperty),
            ("external", metric.External),
            ("pods", metric.Pods),
            ("resource", metric.Resource),
            ("containerResource", metric.ContainerResource),
        ];
        return sources.Where(s => s.Source is not null).Select(s => s.Name);
    }

    private static void ValidateSource(
        V2MetricSpec metric, string name, FieldPath path, bool mayBeAnything, FieldErrors errors)
    {
        switch (name)
        {
            case "object":
                ReferenceRules.Validate(
                    metric.ObjectProperty.DescribedObject,
                    path.Child("describedObject"),
                    mayBeAnything,
                    mayBeCore: true,
                    errors);
                ValidateIdentifier(metric.ObjectProperty.Metric, path.Child("metric"), errors);
                ValidateObject(metric.ObjectProperty.Target ?? new(), path.Child("target"), errors);
                break;
            case "external":
                ValidateIdentifier(metric.External.Metric, path.Child("metric"), errors);
                ValidateExternal(metric.External.Target ?? new(), path.Child("target"), errors);
                break;
            case "pods":
                ValidateIdentifier(metric.Pods.Metric, path.Child("metric"), errors);
                ValidatePods(metric.Pods.Target ?? new(), path.Child("target"), errors);
                break;
            case "resource":
                ValidateResourceName(metric.Resource.Name, path, errors);
                ValidateShare(metric.Resource.Target, path.Child("target"), errors);
                break;
            default:
                var source = metric.ContainerResource;
                if (ValidateResourceName(source.Name, path, errors))
                {
                    errors.InvalidEach(
                        path.Child("name"), source.Name, ResourceNames.ContainerComplaints(source.Name));
                }

                ValidateContainer(source.Container, path.Child("container"), errors);
                ValidateShare(source.Target, path.Child("target"), errors);
                break;
        }
    }

    private static void ValidateContainer(string? name, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(path, "must specify a container");
        }
        else
        {
            errors.InvalidEach(path, name, NameRules.DnsLabel(name));
        }
    }

    private static void ValidateIdentifier(V2MetricIdentifier? metric, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(metric?.Name))
        {
            errors.Required(path.Child("name"), "must specify a metric name");
        }
        else
        {
            errors.InvalidEach(path.Child("name"), metric.Name, NameRules.PathSegment(metric.Name));
        }
    }

    private static void ValidateObject(V2MetricTarget target, FieldPath path, FieldErrors errors)
    {
        ValidateTarget(target, path, errors);
        if (target is { Value: null, AverageValue: null })
        {
            errors.Required(path.Child(AverageValue), "must set either a target value or averageValue");
        }
    }

    private static void ValidateExternal(V2MetricTarget target, FieldPath path, FieldErrors errors)
    {
        ValidateTarget(target, path, errors);
        if (target is { Value: null, AverageValue: null })
        {
            errors.Required(
                path.Child(AverageValue), "must set either a target value for metric or a per-pod target");
        }

        if (target is { Value: not null, AverageValue: not null })
        {
            errors.Forbidden(
                path.Child("value"), "may not set both a target value for metric and a per-pod target");
        }
    }

    private static void ValidatePods(V2MetricTarget target, FieldPath path, FieldErrors errors)
    {
        ValidateTarget(target, path, errors);
        if (target.AverageValue is null)
        {
            errors.Required(path.Child(AverageValue), "must specify a positive target averageValue");
        }
    }

    private static bool ValidateResourceName(string? name, FieldPath path, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(name))
        {
            return true;
        }

        errors.Required(path.Child("name"), "must specify a resource name");
        return false;
    }

    private static void ValidateShare(V2MetricTarget? measure, FieldPath path, FieldErrors errors)
    {
        var target = measure ?? new V2MetricTarget();
        ValidateTarget(target, path, errors);
        if (target is { AverageUtilization: null, AverageValue: null })
        {
            errors.Required(
                path.Child(AverageUtilization), "must set either a target raw value or a target utilization");
        }

        if (target is { AverageUtilization: not null, AverageValue: not null })
        {
            errors.Forbidden(
                path.Child(AverageValue), "may not set both a target raw value and a target utilization");
        }
    }

    private static void ValidateTarget(V2MetricTarget target, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(target.Type))
        {
            errors.Required(path.Child("type"), "must specify a metric target type");
        }

        if (!TargetTypes.Contains(target.Type, StringComparer.Ordinal))
        {
            errors.Invalid(path.Child("type"), target.Type ?? "", "must be either Utilization, Value, or AverageValue");
        }

        ValidatePositive(target.Value, path.Child("value"), errors);
        ValidatePositive(target.AverageValue, path.Child(AverageValue), errors);
        if (target.AverageUtilization < 1)
        {
            errors.Invalid(path.Child(AverageUtilization), target.AverageUtilization, "must be greater than 0");
        }
    }

    private static void ValidatePositive(ResourceQuantity? value, FieldPath path, FieldErrors errors)
    {
        if (value is not null && Quantity.Of(value) is { Sign: <= 0 } amount)
        {
            errors.Invalid(path, amount.ToString(), "must be positive");
        }
    }
}
