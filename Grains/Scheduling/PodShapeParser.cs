using System.Text.Json;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Interprets the constraint fields that <see cref="PodReader"/> cut out of a pod.</summary>
internal static class PodShapeParser
{
    public static PodShape Parse(ReadOnlyMemory<byte> constraints, ScalarResources scalars)
    {
        using var document = JsonDocument.Parse(constraints);
        var spec = document.RootElement;
        return new PodShape
        {
            Requests = PodRequestsCalculator.Compute(spec, scalars),
            Tolerations = [.. Items(spec, "tolerations").Select(ReadToleration)],
            HostPorts = [.. ReadHostPorts(spec)],
            Required = ReadRequired(spec),
            Preferred = [.. ReadPreferred(spec)],
            Terms = PodTermParser.ReadTerms(spec),
            Images = ReadImages(spec),
            ImageVolumes = ReadImageVolumes(spec),
            Spread = [.. PodTermParser.ReadSpread(spec)],
            Extended = ExtendedRequest.Of(spec, scalars),
            RestartsAll = RestartsAll(spec, "containers") || RestartsAll(spec, "initContainers"),
        };
    }

    internal static JsonElement? Property(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } item
        && item.TryGetProperty(name, out var value)
        && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    internal static string Text(JsonElement? parent, string name) => Property(parent, name)?.GetString() ?? "";

    /// <summary>The objects of an array; none when it is absent.</summary>
    internal static IEnumerable<JsonElement> Items(JsonElement? parent, string name) =>
        Property(parent, name) is { ValueKind: JsonValueKind.Array } array
            ? array.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object)
            : [];

    /// <summary>Every shape is read here, and hardly any has such rules: it costs nothing to find none.</summary>
    private static bool RestartsAll(JsonElement? spec, string containers)
    {
        if (Property(spec, containers) is not { ValueKind: JsonValueKind.Array } all)
        {
            return false;
        }

        foreach (var container in all.EnumerateArray())
        {
            if (Items(container, "restartPolicyRules").Any(static r => Text(r, "action") == "RestartAllContainers"))
            {
                return true;
            }
        }

        return false;
    }

    private static Toleration ReadToleration(JsonElement item) => new(
        Text(item, "key"), Text(item, "operator") == "Exists", Text(item, "value"), Text(item, "effect"));

    private static IEnumerable<HostPort> ReadHostPorts(JsonElement spec)
    {
        // Sidecars hold their ports as long as the pod lives, as containers do; other init containers' ports are never
        // reserved.
        var sidecars = Items(spec, "initContainers").Where(PodRequestsCalculator.IsSidecar);
        foreach (var container in Items(spec, "containers").Concat(sidecars))
        {
            foreach (var port in Items(container, "ports"))
            {
                if (Property(port, "hostPort") is { } number && number.GetInt32() > 0)
                {
                    yield return new HostPort(
                        Text(port, "hostIP") is { Length: > 0 } address ? address : HostPort.AnyAddress,
                        Text(port, "protocol") is { Length: > 0 } protocol ? protocol : "TCP",
                        number.GetInt32());
                }
            }
        }
    }

    private static string[] ReadImages(JsonElement spec)
    {
        var images = new List<string>(1);
        Add("initContainers");
        Add("containers");
        return [.. images];

        void Add(string kind)
        {
            if (Property(spec, kind) is { ValueKind: JsonValueKind.Array } containers)
            {
                foreach (var container in containers.EnumerateArray())
                {
                    if (Text(container, "image") is { Length: > 0 } image)
                    {
                        images.Add(ImageTable.FullName(image));
                    }
                }
            }
        }
    }

    private static string[] ReadImageVolumes(JsonElement spec) =>
        Property(spec, "imageVolumes") is { } images
            ? [.. images.EnumerateArray().Select(static i => ImageTable.FullName(i.GetString() ?? ""))]
            : [];

    private static NodeSelection? ReadRequired(JsonElement spec)
    {
        List<KeyValuePair<string, string>> labels = [];
        if (Property(spec, "nodeSelector") is { } selector)
        {
            labels.AddRange(
                selector.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.GetString() ?? "")));
        }

        var affinity = Property(Property(spec, "affinity"), "nodeAffinity");
        var required = Property(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
        NodeSelectorTerm[]? terms =
            required is null ? null : [.. Items(required, "nodeSelectorTerms").Select(ReadTerm)];
        terms = terms is [{ IsOfOnlyNode: true }] ? null : terms;
        return labels.Count == 0 && terms is null ? null : new NodeSelection([.. labels], terms);
    }

    private static IEnumerable<PreferredTerm> ReadPreferred(JsonElement spec)
    {
        var affinity = Property(Property(spec, "affinity"), "nodeAffinity");
        foreach (var item in Items(affinity, "preferredDuringSchedulingIgnoredDuringExecution"))
        {
            var weight = Property(item, "weight")?.GetInt32() ?? 0;
            if (weight != 0 && Property(item, "preference") is { } preference)
            {
                yield return new PreferredTerm(weight, ReadTerm(preference));
            }
        }
    }

    private static NodeSelectorTerm ReadTerm(JsonElement term) => new(
        [.. Items(term, "matchExpressions").Select(ReadRequirement)], [.. Items(term, "matchFields").Select(ReadRequirement)]);

    private static NodeRequirement ReadRequirement(JsonElement item) => new(
        Text(item, "key"),
        Enum.TryParse<NodeOperator>(Text(item, "operator"), out var known) ? known : NodeOperator.Invalid,
        Property(item, "values") is { ValueKind: JsonValueKind.Array } values
            ? [.. values.EnumerateArray().Select(v => v.GetString() ?? "")]
            : []);
}
