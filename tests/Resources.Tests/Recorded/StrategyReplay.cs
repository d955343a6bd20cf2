using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Tests.Recorded;

/// <summary>
/// Replays what a strategy decides of a request: decode, defaults, preparation, validation, warnings, and the object
/// that is answered. What other parts of the write path add is taken from the recorded answer.
/// </summary>
internal sealed class StrategyReplay<T>(ResourceStrategy<T> strategy, string group, string kind, string plural)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly string[] ServerFields =
        ["name", "uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink", "namespace", "deletionTimestamp", "deletionGracePeriodSeconds"];

    private static readonly JsonSerializerOptions ColumnOptions = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    private readonly Dictionary<string, JsonObject> _stored = [];

    public int Checked { get; private set; }

    public List<string> Differences { get; } = [];

    public void Run(string scenario)
    {
        foreach (var step in RecordedExchanges.Read(scenario))
        {
            var segments = step.Path.Trim('/').Split('/');
            var index = Array.IndexOf(segments, plural);
            if (index < 0)
            {
                if (segments[^1] == "bindings")
                {
                    _stored.Clear();
                }

                continue;
            }

            var rest = segments[(index + 1)..];
            if (step.WantsTable)
            {
                CompareTable(scenario, step);
            }
            else if (step.RequestBody is not JsonObject body
                || step.RequestBody.ToJsonString().Contains("${", StringComparison.Ordinal))
            {
                Store(step, rest.FirstOrDefault() ?? step.Body?["metadata"]?["name"]?.GetValue<string>() ?? "");
            }
            else if (step.Method == "POST" && rest.Length == 0)
            {
                Create(scenario, step, body);
            }
            else if (step.Method is "PATCH" or "PUT" && rest.Length is 1 or 2)
            {
                Update(scenario, step, body, rest[0], rest.Length == 2 ? rest[1] : "");
            }
            else if (rest.Length > 0)
            {
                _stored.Remove(rest[0]);
            }
        }
    }

    private void Create(string scenario, RecordedStep step, JsonObject body)
    {
        if (step.Status is not (201 or 422) || (step.Status == 422 && !step.HasCauses))
        {
            return;
        }

        var item = KubernetesJson.Deserialize<T>(body.ToJsonString());
        item.EnsureMetadata().NamespaceProperty ??= "ns";
        item.Metadata.Name ??= item.Metadata.GenerateName is null ? null : "generated";
        strategy.SetDefaults(item);
        Admit(item);
        strategy.PrepareForCreate(item);
        var errors = new FieldErrors();
        ObjectMetaRules.ValidateCreate(item.Metadata, true, strategy.ValidateName, errors);
        strategy.Validate(item, errors);
        Compare(scenario, step, item, errors, strategy.Warnings(item, null), item.Metadata.Name ?? "");
    }

    private void Update(string scenario, RecordedStep step, JsonObject body, string name, string subresource)
    {
        if (subresource == "scale")
        {
            _stored.Remove(name);
            return;
        }

        if (step.Status is not (200 or 422) || !_stored.TryGetValue(name, out var stored)
            || (step.Status == 422 && !step.HasCauses) || !step.ContentType.StartsWith("application/merge-patch+json", StringComparison.Ordinal))
        {
            Store(step, name);
            return;
        }

        var old = Decode(stored);
        strategy.SetDefaults(old);
        var item = Decode((JsonObject)Merge(stored.DeepClone(), body)!);
        strategy.SetDefaults(item);
        Admit(item);
        item.Metadata.Generation = old.Metadata.Generation;
        strategy.PrepareForUpdate(item, old, subresource);
        var errors = new FieldErrors();
        ObjectMetaRules.ValidateUpdate(item.Metadata, old.Metadata, errors);
        strategy.ValidateUpdate(item, old, subresource, errors);
        Compare(scenario, step, item, errors, strategy.Warnings(item, old), name);
    }

    private void CompareTable(string scenario, RecordedStep step)
    {
        if (step.Body?["columnDefinitions"] is JsonArray { Count: > 0 } columns)
        {
            Checked++;
            var actual = JsonSerializer.Serialize(strategy.Columns, ColumnOptions);
            CompareText($"{scenario} {step.Name} columns", columns.ToJsonString(ColumnOptions), actual);
        }

        foreach (var row in step.Body?["rows"]?.AsArray() ?? [])
        {
            var cells = row!["cells"]!.AsArray();
            if (!_stored.TryGetValue(cells[0]!.GetValue<string>(), out var stored))
            {
                continue;
            }

            Checked++;
            var item = Decode(stored);
            strategy.SetDefaults(item);
            var actual = JsonSerializer.SerializeToNode(
                strategy.Cells(item, DateTimeOffset.UnixEpoch.AddYears(60)), ColumnOptions)!.AsArray();
            for (var i = 0; i < Math.Min(cells.Count, actual.Count); i++)
            {
                actual[i] = cells[i]?.ToString() == "<age>" ? cells[i]!.DeepClone() : actual[i]?.DeepClone();
            }

            CompareText(
                $"{scenario} {step.Name} cells", cells.ToJsonString(ColumnOptions), actual.ToJsonString(ColumnOptions));
        }
    }

    private void Store(RecordedStep step, string name)
    {
        if (step.Status is 200 or 201
            && !step.IsDryRun
            && step.Body is { } body
            && body["kind"]?.GetValue<string>() == kind)
        {
            _stored[name] = (JsonObject)body.DeepClone();
        }
    }

    private static T Decode(JsonObject body)
    {
        var text = body.ToJsonString().Replace("\"<time>\"", "\"2025-01-01T00:00:00Z\"", StringComparison.Ordinal)
            .Replace("\\u003Ctime\\u003E", "2025-01-01T00:00:00Z", StringComparison.Ordinal);
        var node = JsonNode.Parse(text)!.AsObject();
        (node["metadata"] as JsonObject)?.Remove("managedFields");
        return KubernetesJson.Deserialize<T>(node.ToJsonString());
    }

    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var result = target as JsonObject ?? [];
        foreach (var (key, value) in changes)
        {
            if (value is null)
            {
                result.Remove(key);
                continue;
            }

            var current = result[key];
            result.Remove(key);
            result[key] = Merge(current, value);
        }

        return result;
    }

    /// <summary>What admission puts into every pod of a cluster without policies.</summary>
    private static void Admit(T item)
    {
        if (item is not V1Pod pod)
        {
            return;
        }

        var spec = pod.Spec;
        spec.ServiceAccountName = string.IsNullOrEmpty(spec.ServiceAccountName) ? "default" : spec.ServiceAccountName;
        spec.Tolerations ??= [];
        foreach (var key in (string[])["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
        {
            if (!spec.Tolerations.Any(t => (t.Key == key || string.IsNullOrEmpty(t.Key)) && t.Effect is null or "NoExecute" && t.Key == key))
            {
                spec.Tolerations.Add(
                    new() { Key = key, OperatorProperty = "Exists", Effect = "NoExecute", TolerationSeconds = 300 });
            }
        }

        spec.Priority ??= 0;
        spec.PreemptionPolicy ??= "PreemptLowerPriority";
    }

    private void Compare(
        string scenario, RecordedStep step, T item, FieldErrors errors, IEnumerable<string> warnings, string name)
    {
        Checked++;
        var label = $"{scenario} {step.Name}";
        if (errors.Count > 0)
        {
            var status = errors.ToStatus(group, kind, name);
            CompareText(
                label + " message", step.Body?["message"]?.GetValue<string>() ?? "success", status.Message ?? "");
            CompareText(
                label + " causes",
                Causes(step.Body),
                string.Join('\n', errors.All.Select(e => $"{e.Reason}|{e.Field}|{e.Message}")));
            return;
        }

        if (step.Status == 422)
        {
            CompareText(label, step.Body!["message"]!.GetValue<string>(), "success");
            return;
        }

        var expected = step.Warnings.Where(w => !w.Contains("unknown field", StringComparison.Ordinal));
        CompareText(
            label + " warnings",
            string.Join('\n', expected),
            string.Join('\n', warnings.Select(w => $"299 - {GoText.Quote(w)}")));
        CompareText(
            label + " body",
            Canonical(step.Body!),
            Canonical(JsonNode.Parse(KubernetesJson.Serialize(item))!.AsObject()));
        Store(step, name);
    }

    private static string Causes(JsonObject? body) => string.Join(
        '\n',
        (body?["details"]?["causes"]?.AsArray() ?? []).Select(c => $"{c!["reason"]}|{c["field"]}|{c["message"]}"));

    private void CompareText(string label, string expected, string actual)
    {
        if (!string.Equals(expected, actual, StringComparison.Ordinal))
        {
            Differences.Add($"{label}\n  expected {expected}\n  actual   {actual}");
        }
    }

    private static string Canonical(JsonObject body)
    {
        var copy = (JsonObject)body.DeepClone();
        var metadata = copy["metadata"]!.AsObject();
        foreach (var field in ServerFields)
        {
            metadata.Remove(field);
        }

        copy.Remove("kind");
        copy.Remove("apiVersion");
        return Sort(copy)!.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    private static JsonNode? Sort(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map
            .Where(p => p.Key is not ("lastTransitionTime" or "lastProbeTime" or "lastUpdateTime"))
            .OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => KeyValuePair.Create(p.Key, Sort(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sort)]),
        null => null,
        _ => node.DeepClone(),
    };
}
