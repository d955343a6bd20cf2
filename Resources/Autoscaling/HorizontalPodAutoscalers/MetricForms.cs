using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;

/// <summary>
/// Metrics as version 1 has them in annotations: the fields of version 2, flat and under other names. Tables say which.
/// </summary>
internal sealed class MetricForms
{
    private const string None = "0";

    private static readonly Field[] ResourceTargets =
    [
        new("name", "name"),
        new("targetAverageUtilization", "target.averageUtilization"),
        new("targetAverageValue", "target.averageValue"),
    ];

    private static readonly Field[] ResourceMeasures =
    [
        new("name", "name"),
        new("currentAverageUtilization", "current.averageUtilization"),
        new("currentAverageValue", "current.averageValue", None),
    ];

    private readonly (string Source, Field[] Fields)[] _sources;
    private readonly bool _hasTargets;

    private MetricForms(bool hasTargets, params (string Source, Field[] Fields)[] sources)
    {
        _hasTargets = hasTargets;
        _sources = sources;
    }

    /// <summary>Forms of <c>spec.metrics</c>.</summary>
    public static MetricForms Targets { get; } = new(
        hasTargets: true,
        ("object",
        [
            new("target", "describedObject"),
            new("metricName", "metric.name"),
            new("targetValue", "target.value", None),
            new("selector", "metric.selector"),
            new("averageValue", "target.averageValue"),
        ]),
        ("pods",
        [
            new("metricName", "metric.name"),
            new("targetAverageValue", "target.averageValue", None),
            new("selector", "metric.selector"),
        ]),
        ("resource", ResourceTargets),
        ("containerResource", [.. ResourceTargets, new("container", "container")]),
        ("external",
        [
            new("metricName", "metric.name"),
            new("metricSelector", "metric.selector"),
            new("targetValue", "target.value"),
            new("targetAverageValue", "target.averageValue"),
        ]));

    /// <summary>Forms of <c>status.currentMetrics</c>.</summary>
    public static MetricForms Measures { get; } = new(
        hasTargets: false,
        ("object",
        [
            new("target", "describedObject"),
            new("metricName", "metric.name"),
            new("currentValue", "current.value", None),
            new("selector", "metric.selector"),
            new("averageValue", "current.averageValue"),
        ]),
        ("pods",
        [
            new("metricName", "metric.name"),
            new("currentAverageValue", "current.averageValue", None),
            new("selector", "metric.selector"),
        ]),
        ("resource", ResourceMeasures),
        ("containerResource", [.. ResourceMeasures, new("container", "container")]),
        ("external",
        [
            new("metricName", "metric.name"),
            new("metricSelector", "metric.selector"),
            new("currentValue", "current.value", None),
            new("currentAverageValue", "current.averageValue"),
        ]));

    /// <summary>A metric of version 2 as version 1 writes it.</summary>
    public JsonObject ToFlat(JsonObject metric)
    {
        var flat = new JsonObject { ["type"] = metric["type"]?.DeepClone() };
        foreach (var (name, fields) in Present(metric))
        {
            var source = new JsonObject();
            foreach (var field in fields)
            {
                if ((At(metric[name], field.Path)?.DeepClone() ?? field.Absent) is { } value)
                {
                    source[field.Name] = value;
                }
            }

            flat[name] = source;
        }

        return flat;
    }

    /// <summary>A metric of version 1 as version 2 has it.</summary>
    public JsonObject FromFlat(JsonObject flat)
    {
        var metric = new JsonObject { ["type"] = flat["type"]?.DeepClone() };
        foreach (var (name, fields) in Present(flat))
        {
            var source = new JsonObject();
            foreach (var field in fields)
            {
                if (flat[name]?[field.Name] is { } value)
                {
                    Put(source, field.Path, value.DeepClone());
                }
            }

            if (_hasTargets)
            {
                Put(source, "target.type", TypeOfTarget(name, source["target"]));
            }

            metric[name] = source;
        }

        return metric;
    }

    private static JsonNode? At(JsonNode? node, string path) =>
        path.Split('.').Aggregate(node, (at, name) => at?[name]);

    private static void Put(JsonObject root, string path, JsonNode value)
    {
        var names = path.Split('.');
        if (names.Length > 1)
        {
            root = (JsonObject)(root[names[0]] ??= new JsonObject());
        }

        root[names[^1]] = value;
    }

    /// <summary>Version 1 does not say what a target is of; what is set does.</summary>
    private static string TypeOfTarget(string source, JsonNode? target) => source switch
    {
        "object" => target?["averageValue"] is null ? "Value" : "AverageValue",
        "external" => target?["value"] is null ? "AverageValue" : "Value",
        _ => target?["averageUtilization"] is null ? "AverageValue" : "Utilization",
    };

    private IEnumerable<(string Source, Field[] Fields)> Present(JsonObject metric) =>
        _sources.Where(s => metric[s.Source] is JsonObject);

    /// <summary>A field of version 1.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Path">Where version 2 has it.</param>
    /// <param name="Absent">What is written for a value that is not there: quantities that are no pointers.</param>
    private sealed record Field(string Name, string Path, string? Absent = null);
}
