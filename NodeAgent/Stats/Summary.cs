using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// What <c>/stats/summary</c> answers, field by field as <c>k8s.io/kubelet/pkg/apis/stats/v1alpha1</c> names it. Null
/// is left out.
/// </summary>
public sealed record Summary(NodeStats Node, IReadOnlyList<PodStats> Pods)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true, IndentSize = 1,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);
}

public sealed record NodeStats
{
    public required string NodeName { get; init; }

    public IReadOnlyList<ContainerFigures>? SystemContainers { get; init; }

    public string? StartTime { get; init; }

    public CpuFigures? Cpu { get; init; }

    public MemoryFigures? Memory { get; init; }

    public NetworkFigures? Network { get; init; }

    public FileSystemFigures? Fs { get; init; }

    public RuntimeFigures? Runtime { get; init; }

    public ProcessLimitFigures? Rlimit { get; init; }

    public SwapFigures? Swap { get; init; }
}

public sealed record PodStats
{
    public required PodReference PodRef { get; init; }

    public string? StartTime { get; init; }

    public IReadOnlyList<ContainerFigures> Containers { get; init; } = [];

    public CpuFigures? Cpu { get; init; }

    public MemoryFigures? Memory { get; init; }

    public NetworkFigures? Network { get; init; }

    public IReadOnlyList<VolumeFigures>? Volume { get; init; }

    [JsonPropertyName("ephemeral-storage")]
    public FileSystemFigures? EphemeralStorage { get; init; }

    [JsonPropertyName("process_stats")]
    public ProcessFigures? ProcessStats { get; init; }

    public SwapFigures? Swap { get; init; }
}

public sealed record PodReference(string Name, string Namespace, string Uid);

public sealed record ContainerFigures
{
    public required string Name { get; init; }

    public string? StartTime { get; init; }

    public CpuFigures? Cpu { get; init; }

    public MemoryFigures? Memory { get; init; }

    public FileSystemFigures? Rootfs { get; init; }

    public FileSystemFigures? Logs { get; init; }

    public SwapFigures? Swap { get; init; }
}

public sealed record CpuFigures
{
    public required string Time { get; init; }

    /// <summary>Over the last seconds; missing for what has only just begun.</summary>
    public ulong? UsageNanoCores { get; init; }

    public ulong? UsageCoreNanoSeconds { get; init; }

    public PsiFigures? Psi { get; init; }
}

public sealed record MemoryFigures
{
    public required string Time { get; init; }

    /// <summary>Missing where there is no limit.</summary>
    public ulong? AvailableBytes { get; init; }

    public ulong? UsageBytes { get; init; }

    public ulong? WorkingSetBytes { get; init; }

    public ulong? RssBytes { get; init; }

    public ulong? PageFaults { get; init; }

    public ulong? MajorPageFaults { get; init; }

    public PsiFigures? Psi { get; init; }
}

public sealed record PsiFigures(PsiShare Full, PsiShare Some);

public sealed record PsiShare(ulong Total, double Avg10, double Avg60, double Avg300);

public record FileSystemFigures
{
    public required string Time { get; init; }

    public ulong? AvailableBytes { get; init; }

    public ulong? CapacityBytes { get; init; }

    public ulong? UsedBytes { get; init; }

    public ulong? InodesFree { get; init; }

    public ulong? Inodes { get; init; }

    public ulong? InodesUsed { get; init; }
}

public sealed record VolumeFigures : FileSystemFigures
{
    public required string Name { get; init; }

    [JsonPropertyName("pvcRef")]
    public ClaimReference? PvcRef { get; init; }
}

public sealed record ClaimReference(string Name, string Namespace);

public sealed record RuntimeFigures(FileSystemFigures? ImageFs, FileSystemFigures? ContainerFs);

public sealed record ProcessLimitFigures(string Time, long Maxpid, long Curproc);

public sealed record ProcessFigures(
    [property: JsonPropertyName("process_count")] ulong ProcessCount);

public sealed record SwapFigures(string Time, ulong? SwapAvailableBytes, ulong? SwapUsageBytes);

public sealed record NetworkInterfaceFigures(string Name, ulong RxBytes, ulong RxErrors, ulong TxBytes, ulong TxErrors)
{
    // Not told in the summary.
    [JsonIgnore]
    public ulong RxPackets { get; init; }

    [JsonIgnore]
    public ulong RxDropped { get; init; }

    [JsonIgnore]
    public ulong TxPackets { get; init; }

    [JsonIgnore]
    public ulong TxDropped { get; init; }
}

/// <summary>The figures of the first interface stand for all of them in older programs.</summary>
public sealed record NetworkFigures
{
    public required string Time { get; init; }

    public string Name { get; init; } = "";

    public ulong? RxBytes { get; init; }

    public ulong? RxErrors { get; init; }

    public ulong? TxBytes { get; init; }

    public ulong? TxErrors { get; init; }

    public IReadOnlyList<NetworkInterfaceFigures> Interfaces { get; init; } = [];
}
