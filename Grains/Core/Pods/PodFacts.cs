using System.Runtime.CompilerServices;
using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>Where a pod is in its life.</summary>
public enum PodPhase
{
    Pending,
    Unknown,
    Running,
    Succeeded,
    Failed,
}

/// <summary>
/// What controllers that look at thousands of pods at once need of each. Read from the bytes in one pass and kept as
/// long as that version of the pod lives, whoever asks: a ReplicaSet of 10,000 pods reconciles without decoding models.
/// </summary>
public sealed class PodFacts
{
    private static readonly Dictionary<(string, string), int> NoPorts = [];

    private string? _confinedTo;
    private List<string>? _ips;
    private Dictionary<(string, string), int>? _ports;
    private bool _hasInitRestarts;

    /// <summary>What all controllers ask of each pod is kept beside the rest, and not asked of its metadata.</summary>
    private PodFacts(ResourceObject item)
    {
        Item = item;
        Labels = item.Metadata.Labels;
        IsTerminating = item.Metadata.DeletionTimestamp is not null;
        ControllerUid = item.Metadata.Controller?.Uid ?? "";
    }

    /// <summary>The version that these facts are of.</summary>
    public ResourceObject Item { get; }

    public ObjectKey Key => Item.Key;

    public string Uid => Item.Uid;

    public IReadOnlyDictionary<string, string> Labels { get; }

    public PodPhase Phase { get; private set; }

    /// <summary>Empty while not scheduled.</summary>
    public string NodeName { get; private set; } = "";

    /// <summary>The one node that it is confined to by name; null when there is none.</summary>
    public string? ConfinedTo
    {
        get
        {
            // Only DaemonSets ask, but thousands of times while their pods wait for nodes.
            _confinedTo ??= ConfinedNode.Of(Item.Json.Span) ?? "";
            return _confinedTo.Length == 0 ? null : _confinedTo;
        }
    }

    public string RestartPolicy { get; private set; } = "Always";

    /// <summary>The condition Ready is True.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Since when the condition Ready is what it is.</summary>
    public DateTimeOffset? ReadySince { get; private set; }

    /// <summary>
    /// Since when the condition <c>DisruptionTarget</c> is True; null when it is not, or when the node itself ends the
    /// pod.
    /// </summary>
    public DateTimeOffset? DisruptedSince { get; private set; }

    /// <summary><c>status.podIP</c>.</summary>
    public string Ip { get; private set; } = "";

    /// <summary><c>status.podIPs</c>, or <see cref="Ip"/> alone.</summary>
    public IReadOnlyList<string> Ips => _ips ?? (Ip.Length == 0 ? [] : [Ip]);

    /// <summary>Named ports of containers and sidecars, the first of a name and protocol only.</summary>
    public IReadOnlyDictionary<(string Name, string Protocol), int> NamedPorts => _ports ?? NoPorts;

    /// <summary><c>status.startTime</c>.</summary>
    public DateTimeOffset? StartTime { get; private set; }

    public string Hostname { get; private set; } = "";

    public string Subdomain { get; private set; } = "";

    /// <summary>The most restarts of any container.</summary>
    public int Restarts { get; private set; }

    /// <summary>The most restarts of any sidecar. Hardly ever any, so the model may be decoded for it.</summary>
    public int SidecarRestarts => _hasInitRestarts ? OfSidecars(Item.As<V1Pod>()) : 0;

    /// <summary>
    /// Of what the status says of containers' resources: where it is another one, so may they be. It means nothing
    /// outside of this process.
    /// </summary>
    public int ResourcesHash { get; private set; }

    /// <summary>Its node can never give it what a resize asks for, so that this counts for nothing.</summary>
    public bool IsResizeInVain { get; private set; }

    public bool IsTerminating { get; }

    /// <summary>Its node ended it for want of resources.</summary>
    public bool IsEvicted { get; private set; }

    /// <summary>Succeeded or Failed: it will not run again.</summary>
    public bool IsFinished => Phase is PodPhase.Succeeded or PodPhase.Failed;

    /// <summary>Counts as a replica.</summary>
    public bool IsActive => !IsFinished && !IsTerminating;

    /// <summary>The controlling owner's uid; empty for a pod on its own.</summary>
    public string ControllerUid { get; }

    /// <summary>What the annotation says; 0 when it is absent or malformed.</summary>
    public int DeletionCost => Item.Metadata.Annotations.TryGetValue(PodAnnotations.DeletionCost, out var text)
        ? PodAnnotations.ReadDeletionCost(text) ?? 0
        : 0;

    /// <summary>Ready for at least the given time.</summary>
    public bool IsAvailable(int minReadySeconds, DateTimeOffset now) =>
        IsReady && (minReadySeconds == 0 || (ReadySince is { } since && since.AddSeconds(minReadySeconds) <= now));

    /// <summary>The facts of a pod.</summary>
    public static PodFacts Of(ResourceObject item) => item.Facts(static i => Read(i));

    private static PodFacts Read(ResourceObject item)
    {
        var facts = new PodFacts(item);
        var reader = new Utf8JsonReader(item.Json.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isSpec = reader.ValueTextEquals("spec"u8);
            var isStatus = !isSpec && reader.ValueTextEquals("status"u8);
            reader.Read();
            if (isSpec && reader.TokenType == JsonTokenType.StartObject)
            {
                facts.ReadSpec(ref reader);
            }
            else if (isStatus && reader.TokenType == JsonTokenType.StartObject)
            {
                facts.ReadStatus(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return facts;
    }

    private void ReadSpec(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("nodeName"u8))
            {
                NodeName = Text(ref reader);
            }
            else if (reader.ValueTextEquals("hostname"u8))
            {
                Hostname = Text(ref reader);
            }
            else if (reader.ValueTextEquals("subdomain"u8))
            {
                Subdomain = Text(ref reader);
            }
            else if (reader.ValueTextEquals("restartPolicy"u8))
            {
                RestartPolicy = Text(ref reader);
            }
            else if (reader.ValueTextEquals("containers"u8))
            {
                ReadEach(
                    ref reader,
                    static (PodFacts facts, ref Utf8JsonReader r) => facts.ReadContainerSpec(ref r, isInit: false));
            }
            else if (reader.ValueTextEquals("initContainers"u8))
            {
                ReadEach(
                    ref reader,
                    static (PodFacts facts, ref Utf8JsonReader r) => facts.ReadContainerSpec(ref r, isInit: true));
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadStatus(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("phase"u8))
            {
                Phase = ParsePhase(Text(ref reader));
            }
            else if (reader.ValueTextEquals("reason"u8))
            {
                IsEvicted = Text(ref reader) == "Evicted";
            }
            else if (reader.ValueTextEquals("podIP"u8))
            {
                Ip = Text(ref reader);
            }
            else if (reader.ValueTextEquals("podIPs"u8))
            {
                ReadEach(ref reader, static (PodFacts facts, ref Utf8JsonReader r) => facts.ReadIp(ref r));
            }
            else if (reader.ValueTextEquals("startTime"u8))
            {
                StartTime = Time(ref reader);
            }
            else if (reader.ValueTextEquals("conditions"u8))
            {
                ReadEach(ref reader, static (PodFacts facts, ref Utf8JsonReader r) => facts.ReadCondition(ref r));
            }
            else if (reader.ValueTextEquals("containerStatuses"u8))
            {
                ReadEach(
                    ref reader,
                    static (PodFacts facts, ref Utf8JsonReader r) =>
                        facts.Restarts = Math.Max(facts.Restarts, facts.ReadContainerStatus(ref r)));
            }
            else if (reader.ValueTextEquals("initContainerStatuses"u8))
            {
                ReadEach(
                    ref reader,
                    static (PodFacts facts, ref Utf8JsonReader r) =>
                        facts._hasInitRestarts |= facts.ReadContainerStatus(ref r) > 0);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private delegate void ReadElement(PodFacts facts, ref Utf8JsonReader reader);

    private void ReadEach(ref Utf8JsonReader reader, ReadElement read)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            read(this, ref reader);
        }
    }

    private void ReadContainerSpec(ref Utf8JsonReader reader, bool isInit)
    {
        var isSidecar = !isInit;
        List<(string Name, string Protocol, int Number)>? ports = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("ports"u8))
            {
                ports = ReadPorts(ref reader);
            }
            else if (reader.ValueTextEquals("restartPolicy"u8))
            {
                isSidecar |= Text(ref reader) == "Always";
            }
            else
            {
                reader.Skip();
            }
        }

        if (isSidecar && ports is not null)
        {
            _ports ??= [];
            ports.ForEach(p => _ports.TryAdd((p.Name, p.Protocol), p.Number));
        }
    }

    private static List<(string Name, string Protocol, int Number)> ReadPorts(ref Utf8JsonReader reader)
    {
        var result = new List<(string, string, int)>();
        reader.Read();
        while (reader.TokenType is not JsonTokenType.Null
            && reader.Read()
            && reader.TokenType == JsonTokenType.StartObject)
        {
            string name = "", protocol = "TCP";
            var number = 0;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("name"u8))
                {
                    name = Text(ref reader);
                }
                else if (reader.ValueTextEquals("protocol"u8))
                {
                    protocol = Text(ref reader);
                }
                else if (reader.ValueTextEquals("containerPort"u8))
                {
                    reader.Read();
                    number = reader.TryGetInt32(out var port) ? port : 0;
                }
                else
                {
                    reader.Skip();
                }
            }

            if (name.Length > 0)
            {
                result.Add((name, protocol, number));
            }
        }

        return result;
    }

    private void ReadIp(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("ip"u8))
            {
                (_ips ??= []).Add(Text(ref reader));
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadCondition(ref Utf8JsonReader reader)
    {
        bool isReadyCondition = false, isDisruption = false, isResize = false;
        bool isTrue = false, isByNode = false, isInfeasible = false;
        DateTimeOffset? since = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                isReadyCondition = reader.ValueTextEquals("Ready"u8);
                isDisruption = reader.ValueTextEquals("DisruptionTarget"u8);
                isResize = reader.ValueTextEquals("PodResizePending"u8);
            }
            else if (reader.ValueTextEquals("reason"u8))
            {
                reader.Read();
                isByNode = reader.ValueTextEquals("TerminationByKubelet"u8);
                isInfeasible = reader.ValueTextEquals("Infeasible"u8);
            }
            else if (reader.ValueTextEquals("status"u8))
            {
                reader.Read();
                isTrue = reader.ValueTextEquals("True"u8);
            }
            else if (reader.ValueTextEquals("lastTransitionTime"u8))
            {
                since = Time(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        IsResizeInVain |= isResize && isInfeasible;
        if (isReadyCondition)
        {
            (IsReady, ReadySince) = (isTrue, since);
        }
        else if (isDisruption && isTrue && !isByNode)
        {
            DisruptedSince = since;
        }
    }

    /// <summary>Reads what a container has; returns how often it was restarted.</summary>
    private int ReadContainerStatus(ref Utf8JsonReader reader)
    {
        var restarts = 0;
        var hash = new HashCode();
        hash.Add(ResourcesHash);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("restartCount"u8))
            {
                reader.Read();
                restarts = reader.TryGetInt32(out var count) ? count : 0;
            }
            else if (reader.ValueTextEquals("name"u8))
            {
                reader.Read();
                hash.AddBytes(reader.ValueSpan);
            }
            else if (reader.ValueTextEquals("resources"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                hash.AddBytes(Item.Json.Span[start..(int)reader.BytesConsumed]);
            }
            else
            {
                reader.Skip();
            }
        }

        ResourcesHash = hash.ToHashCode();
        return restarts;
    }

    private static int OfSidecars(V1Pod pod)
    {
        var names = (pod.Spec?.InitContainers ?? [])
            .Where(c => c.RestartPolicy == "Always").Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        return (pod.Status?.InitContainerStatuses ?? [])
            .Where(s => names.Contains(s.Name)).Select(s => s.RestartCount).DefaultIfEmpty(0).Max();
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
    }

    private static DateTimeOffset? Time(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var time) ? time : null;
    }

    private static PodPhase ParsePhase(string text) => text switch
    {
        "Running" => PodPhase.Running,
        "Succeeded" => PodPhase.Succeeded,
        "Failed" => PodPhase.Failed,
        "Unknown" => PodPhase.Unknown,
        _ => PodPhase.Pending,
    };
}
