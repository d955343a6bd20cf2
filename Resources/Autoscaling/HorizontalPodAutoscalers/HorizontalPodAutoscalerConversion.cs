using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;

/// <summary>
/// Autoscalers of version 1, which knows but one metric, the cpu that pods use: what else version 2 has is carried in
/// annotations.
/// </summary>
public sealed class HorizontalPodAutoscalerConversion : IObjectConversion
{
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";
    private const string Metrics = Prefix + "metrics";
    private const string CurrentMetrics = Prefix + "current-metrics";
    private const string Conditions = Prefix + "conditions";
    private const string Behavior = Prefix + "behavior";

    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The annotations that hold fields.</summary>
    public static IReadOnlyList<string> Annotations { get; } =
    [
        Metrics, CurrentMetrics, Conditions, Behavior, Prefix + "scale-down-tolerance", Prefix + "scale-up-tolerance",
    ];

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> ToStored(IKubernetesObject<V1ObjectMeta> item) =>
        ToV2((V1HorizontalPodAutoscaler)item);

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> FromStored(IKubernetesObject<V1ObjectMeta> stored) =>
        FromV2((V2HorizontalPodAutoscaler)stored);

    /// <summary>Fields and annotations together; annotations that nobody can read say nothing.</summary>
    public static V2HorizontalPodAutoscaler ToV2(V1HorizontalPodAutoscaler item)
    {
        var (spec, status) = (item.Spec ?? new(), item.Status ?? new());
        var annotations = item.Metadata.Annotations;
        var metrics = ReadMetrics<V2MetricSpec>(annotations, Metrics, MetricForms.Targets) ?? [];
        if (spec.TargetCPUUtilizationPercentage is { } percent)
        {
            metrics.Add(AutoscalerDefaults.Cpu(percent));
        }

        var current = ReadMetrics<V2MetricStatus>(annotations, CurrentMetrics, MetricForms.Measures);
        if (current is null && status.CurrentCPUUtilizationPercentage is { } measured)
        {
            current = [Measured(measured)];
        }

        var v2 = new V2HorizontalPodAutoscaler
        {
            Kind = "HorizontalPodAutoscaler",
            ApiVersion = "autoscaling/v2",
            Metadata = item.Metadata with { Annotations = Without(annotations) },
            Spec = new V2HorizontalPodAutoscalerSpec
            {
                ScaleTargetRef = new V2CrossVersionObjectReference
                {
                    Kind = spec.ScaleTargetRef?.Kind,
                    Name = spec.ScaleTargetRef?.Name,
                    ApiVersion = spec.ScaleTargetRef?.ApiVersion,
                },
                MinReplicas = spec.MinReplicas,
                MaxReplicas = spec.MaxReplicas,
                Metrics = metrics,
                Behavior = ReadBehavior(annotations),
            },
            Status = new V2HorizontalPodAutoscalerStatus
            {
                ObservedGeneration = status.ObservedGeneration,
                LastScaleTime = status.LastScaleTime,
                CurrentReplicas = status.CurrentReplicas,
                DesiredReplicas = status.DesiredReplicas,
                CurrentMetrics = current,
                Conditions = ReadList(annotations, Conditions, Decode<V2HorizontalPodAutoscalerCondition>),
            },
        };
        AutoscalerDefaults.Apply(v2.Spec);
        return v2;
    }

    /// <summary>The share of cpu as fields, the rest as annotations.</summary>
    public static V1HorizontalPodAutoscaler FromV2(V2HorizontalPodAutoscaler item)
    {
        var (spec, status) = (item.Spec, item.Status ?? new());
        var cpu = (spec.Metrics ?? []).FirstOrDefault(static m => m is { Type: "Resource", Resource.Name: "cpu" });
        return new V1HorizontalPodAutoscaler
        {
            Kind = "HorizontalPodAutoscaler",
            ApiVersion = "autoscaling/v1",
            Metadata = item.Metadata with { Annotations = Annotate(item) },
            Spec = new V1HorizontalPodAutoscalerSpec
            {
                ScaleTargetRef = new V1CrossVersionObjectReference
                {
                    Kind = spec.ScaleTargetRef.Kind,
                    Name = spec.ScaleTargetRef.Name,
                    ApiVersion = spec.ScaleTargetRef.ApiVersion,
                },
                MinReplicas = spec.MinReplicas,
                MaxReplicas = spec.MaxReplicas,
                TargetCPUUtilizationPercentage = cpu?.Resource.Target?.AverageUtilization,
            },
            Status = new V1HorizontalPodAutoscalerStatus
            {
                ObservedGeneration = status.ObservedGeneration,
                LastScaleTime = status.LastScaleTime,
                CurrentReplicas = status.CurrentReplicas ?? 0,
                DesiredReplicas = status.DesiredReplicas,
                CurrentCPUUtilizationPercentage =
                    (status.CurrentMetrics ?? []).LastOrDefault(IsShareOfCpu)?.Resource.Current.AverageUtilization,
            },
        };
    }

    private static bool IsShareOfCpu(V2MetricSpec metric) =>
        metric is { Type: "Resource", Resource: { Name: "cpu", Target.AverageUtilization: not null } };

    private static bool IsShareOfCpu(V2MetricStatus metric) =>
        metric is { Type: "Resource", Resource: { Name: "cpu", Current.AverageUtilization: not null } };

    private static V2MetricStatus Measured(int percent) => new()
    {
        Type = "Resource",
        Resource = new V2ResourceMetricStatus
        {
            Name = "cpu",
            Current = new V2MetricValueStatus { AverageUtilization = percent },
        },
    };

    private static Dictionary<string, string>? Without(IDictionary<string, string>? annotations)
    {
        var kept = (annotations ?? new Dictionary<string, string>())
            .Where(a => !Annotations.Contains(a.Key))
            .ToDictionary(StringComparer.Ordinal);
        return kept.Count == 0 ? null : kept;
    }

    private static Dictionary<string, string>? Annotate(V2HorizontalPodAutoscaler item)
    {
        var result = Without(item.Metadata.Annotations) ?? new Dictionary<string, string>(StringComparer.Ordinal);
        var others = (item.Spec.Metrics ?? []).Where(m => !IsShareOfCpu(m));
        Put(result, Metrics, others.Select(m => MetricForms.Targets.ToFlat(Json(m))));
        var measured = item.Status?.CurrentMetrics ?? [];
        Put(result, CurrentMetrics, measured.Select(m => MetricForms.Measures.ToFlat(Json(m))));
        Put(result, Conditions, (item.Status?.Conditions ?? []).Select(Json));
        if (item.Spec.Behavior is { } behavior)
        {
            result[Behavior] = InternalForm.Compact(behavior);
        }

        return result.Count == 0 ? null : result;
    }

    private static void Put(Dictionary<string, string> annotations, string key, IEnumerable<JsonNode> items)
    {
        var array = new JsonArray([.. items]);
        if (array.Count > 0)
        {
            annotations[key] = array.ToJsonString(Plain);
        }
    }

    private static JsonObject Json<T>(T item)
        where T : class => JsonNode.Parse(ResourceCodec.Encode(item))!.AsObject();

    /// <summary>One that says nothing of either direction is none.</summary>
    private static V2HorizontalPodAutoscalerBehavior? ReadBehavior(IDictionary<string, string>? annotations) =>
        Read(annotations, Behavior, j => Decode<V2HorizontalPodAutoscalerBehavior>(Renamed(j)!)) is { } behavior
            && (behavior.ScaleUp ?? behavior.ScaleDown) is not null ? behavior : null;

    private static List<T>? ReadMetrics<T>(IDictionary<string, string>? annotations, string key, MetricForms forms)
        where T : class => ReadList(annotations, key, m => Decode<T>(forms.FromFlat(m.AsObject())));

    private static List<T>? ReadList<T>(
        IDictionary<string, string>? annotations, string key, Func<JsonNode, T> read)
        where T : class => Read(annotations, key, j => j.AsArray().Select(n => read(n!)).ToList());

    private static T? Read<T>(IDictionary<string, string>? annotations, string key, Func<JsonNode, T> read)
        where T : class
    {
        try
        {
            return annotations?.TryGetValue(key, out var text) == true && JsonNode.Parse(text) is { } json
                ? read(json)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static T Decode<T>(JsonNode json)
        where T : class
    {
        var decoding = new JsonDecoding();
        var item = (T)ResourceCodec.Read(typeof(T), Encoding.UTF8.GetBytes(json.ToJsonString()), decoding);
        return decoding.Error is null ? item : throw new JsonException(decoding.Error);
    }

    /// <summary>Names of fields as versions have them, from those of the internal form.</summary>
    private static JsonNode? Renamed(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(o.Select(p => KeyValuePair.Create(
            char.ToLowerInvariant(p.Key[0]) + p.Key[1..], Renamed(p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(Renamed)]),
        _ => node?.DeepClone(),
    };
}
