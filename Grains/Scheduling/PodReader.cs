using System.Buffers;
using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Scheduling;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Reads from a pod's JSON, in one pass and without building the model, the few fields that scheduling needs. A pod is
/// read on every change of it
/// (created, bound, started, ready …), so this is the scheduler's largest cost per pod.
/// </summary>
/// <remarks>
/// The constraint fields are not interpreted here: their raw bytes are put together as a small JSON document, which is
/// the key under which the
/// <see cref="PodShape"/> is interned. Only a key that was never seen is parsed. Not thread-safe.
/// </remarks>
public sealed class PodReader(ScalarResources scalars)
{
    /// <summary>More distinct shapes than this make the reader forget all; pods at hand keep theirs.</summary>
    public const int MaxShapes = 20_000;

    private readonly ArrayBufferWriter<byte> _key = new(1024);
    private readonly Dictionary<byte[], PodShape> _shapes = new(ByteComparer.Instance);
    private bool _isResizing;

    /// <summary>Pods are kept as they are stored, too.</summary>
    public bool KeepsObjects { get; set; }

    /// <summary>The facts of one version of a pod.</summary>
    public PodInfo Read(ResourceObject pod)
    {
        var facts = ReadAll(pod.Json.Span, isResizing: false);
        if (facts.IsResizing)
        {
            facts = ReadAll(pod.Json.Span, isResizing: true); // seldom: what it has then counts, too
        }

        return new PodInfo
        {
            Key = pod.Key,
            Uid = pod.Uid,
            Revision = pod.Revision,
            Shape = Intern(_key.WrittenSpan),
            Generation = facts.Generation,
            SchedulerName = facts.SchedulerName,
            NodeName = facts.NodeName,
            OnlyNode = facts.OnlyNode,
            Priority = facts.Priority,
            NominatedNodeName = facts.NominatedNodeName,
            StartTicks = facts.StartTicks,
            Labels = pod.Metadata.Labels,
            Owner = pod.Metadata.Controller,
            Claims = facts.Claims is null ? [] : Named(facts.Claims, pod.Key.Name),
            Disks = facts.Disks is null ? [] : [.. facts.Disks],
            DeviceClaims = DeviceClaimReader.Join(facts.DeviceClaims, facts.MadeClaims),
            MayPreempt = !facts.NeverPreempts,
            IsDeleting = facts.IsDeleting,
            IsPreempted = facts.IsPreempted,
            IsFinished = facts.IsFinished,
            IsGated = facts.IsGated,
            Object = KeepsObjects ? pod : null,
            UnschedulableMessage = facts.UnschedulableMessage,
            UnschedulableReason = facts.UnschedulableReason,
        };
    }

    private static ClaimUse[] Named(List<ClaimUse> claims, string podName) =>
        [.. claims.Select(c => c.IsEphemeral ? c with { Name = $"{podName}-{c.Name}" } : c)];

    private Facts ReadAll(ReadOnlySpan<byte> json, bool isResizing)
    {
        _isResizing = isResizing;
        _key.ResetWrittenCount();
        _key.Write("{"u8);
        var facts = new Facts();
        ReadTop(json, ref facts);
        if (isResizing && facts.IsInfeasible)
        {
            _key.Write("\"infeasible\":true,"u8);
        }

        // What a profile says of a shape is kept with the shape: profiles share none.
        if (facts.SchedulerName != SchedulerNames.Default)
        {
            _key.Write("\"profile\":"u8);
            _key.Write(JsonSerializer.SerializeToUtf8Bytes(facts.SchedulerName));
            _key.Write(","u8);
        }

        _key.Write("\"\":0}"u8);
        return facts;
    }

    private PodShape Intern(ReadOnlySpan<byte> key)
    {
        var lookup = _shapes.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (lookup.TryGetValue(key, out var shape))
        {
            return shape;
        }

        if (_shapes.Count >= MaxShapes)
        {
            _shapes.Clear();
        }

        shape = PodShapeParser.Parse(key.ToArray(), scalars);
        lookup[key] = shape;
        return shape;
    }

    private void ReadTop(ReadOnlySpan<byte> json, ref Facts facts)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8))
            {
                ReadMetadata(ref reader, ref facts);
            }
            else if (reader.ValueTextEquals("spec"u8))
            {
                ReadSpec(json, ref reader, ref facts);
            }
            else if (reader.ValueTextEquals("status"u8))
            {
                ReadStatus(json, ref reader, ref facts);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, ref Facts facts)
    {
        reader.Read();
        while (reader.TokenType != JsonTokenType.Null
            && reader.Read()
            && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("deletionTimestamp"u8))
            {
                reader.Read();
                facts.IsDeleting = reader.TokenType == JsonTokenType.String;
            }
            else if (reader.ValueTextEquals("generation"u8))
            {
                reader.Read();
                facts.Generation = reader.TokenType == JsonTokenType.Number ? reader.GetInt64() : 0;
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadSpec(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, ref Facts facts)
    {
        reader.Read();
        while (reader.TokenType != JsonTokenType.Null
            && reader.Read()
            && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("containers"u8) || reader.ValueTextEquals("initContainers"u8))
            {
                CopyName(ref reader);
                CopyContainers(json, ref reader);
            }
            else if (reader.ValueTextEquals("volumes"u8))
            {
                ReadVolumes(ref reader, ref facts);
            }
            else if (reader.ValueTextEquals("affinity"u8))
            {
                CopyName(ref reader);
                CopyAffinity(json, ref reader, ref facts);
                _key.Write(","u8);
            }
            else if (IsConstraint(ref reader))
            {
                CopyName(ref reader);
                CopyValue(json, ref reader);
                _key.Write(","u8);
            }
            else
            {
                ReadSpecFact(ref reader, ref facts);
            }
        }
    }

    private void ReadVolumes(ref Utf8JsonReader reader, ref Facts facts)
    {
        facts.Claims = VolumeClaimReader.Read(ref reader, out facts.Disks, out var images);
        if (images is not null)
        {
            _key.Write("\"imageVolumes\":"u8);
            _key.Write(JsonSerializer.SerializeToUtf8Bytes(images));
            _key.Write(","u8);
        }
    }

    private static bool IsConstraint(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("tolerations"u8) || reader.ValueTextEquals("nodeSelector"u8)
        || reader.ValueTextEquals("topologySpreadConstraints"u8) || reader.ValueTextEquals("overhead"u8)
        || reader.ValueTextEquals("resources"u8);

    private static void ReadSpecFact(ref Utf8JsonReader reader, ref Facts facts)
    {
        if (reader.ValueTextEquals("nodeName"u8))
        {
            facts.NodeName = ReadText(ref reader);
        }
        else if (reader.ValueTextEquals("schedulerName"u8))
        {
            reader.Read();
            facts.SchedulerName =
                reader.ValueTextEquals("default-scheduler"u8) ? "default-scheduler" : reader.GetString() ?? "";
        }
        else if (reader.ValueTextEquals("resourceClaims"u8))
        {
            facts.DeviceClaims = DeviceClaimReader.ReadNames(ref reader);
        }
        else if (reader.ValueTextEquals("priority"u8))
        {
            reader.Read();
            facts.Priority = reader.TokenType == JsonTokenType.Number ? reader.GetInt32() : 0;
        }
        else if (reader.ValueTextEquals("preemptionPolicy"u8))
        {
            reader.Read();
            facts.NeverPreempts = reader.ValueTextEquals("Never"u8);
        }
        else if (reader.ValueTextEquals("schedulingGates"u8))
        {
            reader.Read();
            facts.IsGated = HasElement(ref reader);
        }
        else
        {
            reader.Skip();
        }
    }

    private static bool HasElement(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        var any = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            any = true;
            reader.Skip();
        }

        return any;
    }

    private void ReadStatus(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, ref Facts facts)
    {
        reader.Read();
        while (reader.TokenType != JsonTokenType.Null
            && reader.Read()
            && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("phase"u8))
            {
                reader.Read();
                facts.IsFinished = reader.ValueTextEquals("Succeeded"u8) || reader.ValueTextEquals("Failed"u8);
            }
            else if (reader.ValueTextEquals("conditions"u8))
            {
                reader.Read();
                while (reader.TokenType == JsonTokenType.StartArray || reader.TokenType == JsonTokenType.EndObject)
                {
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.StartObject)
                    {
                        ReadCondition(ref reader, ref facts);
                    }
                }
            }
            else if (reader.ValueTextEquals("nominatedNodeName"u8))
            {
                facts.NominatedNodeName = ReadText(ref reader);
            }
            else if (reader.ValueTextEquals("startTime"u8))
            {
                reader.Read();
                facts.StartTicks = reader.TokenType == JsonTokenType.String
                    ? reader.GetDateTimeOffset().UtcTicks
                    : long.MaxValue;
            }
            else if (reader.ValueTextEquals("resourceClaimStatuses"u8))
            {
                facts.MadeClaims = DeviceClaimReader.ReadNames(ref reader);
            }
            else if (_isResizing)
            {
                CopyAmounts(json, ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    /// <summary>What a pod and its containers have been given, and have.</summary>
    private void CopyAmounts(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("containerStatuses"u8) || reader.ValueTextEquals("initContainerStatuses"u8))
        {
            CopyName(ref reader);
            CopyContainers(json, ref reader);
        }
        else if (reader.ValueTextEquals("resources"u8) || reader.ValueTextEquals("allocatedResources"u8))
        {
            _key.Write(reader.ValueTextEquals("resources"u8) ? "\"actual\":"u8 : "\"allocated\":"u8);
            CopyValue(json, ref reader);
            _key.Write(","u8);
        }
        else
        {
            reader.Skip();
        }
    }

    private static void ReadCondition(ref Utf8JsonReader reader, ref Facts facts)
    {
        bool isScheduled = false, isResize = false, isDisruption = false, isFalse = false;
        string? reason = null, message = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                isScheduled = reader.ValueTextEquals("PodScheduled"u8);
                isResize = reader.ValueTextEquals("PodResizePending"u8)
                    || reader.ValueTextEquals("PodResizeInProgress"u8);
                isDisruption = reader.ValueTextEquals("DisruptionTarget"u8);
            }
            else if (reader.ValueTextEquals("status"u8))
            {
                reader.Read();
                isFalse = reader.ValueTextEquals("False"u8);
            }
            else if (reader.ValueTextEquals("reason"u8))
            {
                reason = ReadText(ref reader);
            }
            else if (reader.ValueTextEquals("message"u8))
            {
                message = ReadText(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        facts.IsResizing |= isResize && !isFalse;
        facts.IsPreempted |= isDisruption && !isFalse && reason == "PreemptionByScheduler";
        facts.IsInfeasible |= isResize && reason == "Infeasible";
        if (isScheduled && isFalse)
        {
            facts.UnschedulableReason = reason;
            facts.UnschedulableMessage = message;
        }
    }

    private static string ReadText(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString() ?? "";
    }

    private void CopyName(ref Utf8JsonReader reader)
    {
        _key.Write("\""u8);
        _key.Write(reader.ValueSpan);
        _key.Write("\":"u8);
    }

    private void CopyValue(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        _key.Write(json[start..(int)reader.BytesConsumed]);
    }

    /// <summary>
    /// The one node that a pod is for is the pod's own: without it all pods of a DaemonSet are alike.
    /// </summary>
    private void CopyAffinity(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, ref Facts facts)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        facts.OnlyNode = OnlyNodeReader.Read(reader, out var nameStart, out var nameEnd);
        reader.Skip();
        if (facts.OnlyNode.Length > 0)
        {
            _key.Write(json[start..nameStart]);
            _key.Write("\"\""u8);
            start = nameEnd;
        }

        _key.Write(json[start..(int)reader.BytesConsumed]);
    }

    private void CopyContainers(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
    {
        reader.Read();
        _key.Write("["u8);
        while (reader.TokenType != JsonTokenType.Null && reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            _key.Write("{"u8);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                CopyContainerField(json, ref reader);
            }

            _key.Write("\"\":0},"u8);
        }

        _key.Write("0],"u8);
    }

    private void CopyContainerField(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("resources"u8) || reader.ValueTextEquals("restartPolicy"u8)
            || reader.ValueTextEquals("image"u8) || reader.ValueTextEquals("restartPolicyRules"u8)
            || (_isResizing && (reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("allocatedResources"u8))))
        {
            CopyName(ref reader);
            CopyValue(json, ref reader);
            _key.Write(","u8);
        }
        else if (reader.ValueTextEquals("ports"u8))
        {
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var ports = json[start..(int)reader.BytesConsumed];
            if (ports.IndexOf("hostPort"u8) >= 0)
            {
                _key.Write("\"ports\":"u8);
                _key.Write(ports);
                _key.Write(","u8);
            }
        }
        else
        {
            reader.Skip();
        }
    }

    private struct Facts
    {
        public Facts()
        {
        }

        public long Generation;
        public string SchedulerName = "";
        public string NodeName = "";
        public string OnlyNode = "";
        public int Priority;
        public string NominatedNodeName = "";
        public long StartTicks = long.MaxValue;
        public List<ClaimUse>? Claims;
        public List<DiskUse>? Disks;
        public List<(string Name, string? Claim)>? DeviceClaims;
        public List<(string Name, string? Claim)>? MadeClaims;
        public bool NeverPreempts;
        public bool IsDeleting;
        public bool IsPreempted;
        public bool IsFinished;
        public bool IsGated;
        public bool IsResizing;
        public bool IsInfeasible;
        public string? UnschedulableMessage;
        public string? UnschedulableReason;
    }
}
