using System.Globalization;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>A container instance as the runtime knows it.</summary>
public sealed record ContainerRecord
{
    public required string Id { get; init; }

    public required string SandboxId { get; init; }

    public required string Name { get; init; }

    public required ContainerState State { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public int ExitCode { get; init; }

    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    public string Image { get; init; } = "";

    public string ImageRef { get; init; } = "";

    /// <summary>Id of the image in the runtime, by which the garbage collector knows that it is in use.</summary>
    public string ImageId { get; init; } = "";

    /// <summary>Absolute path of the CRI log file.</summary>
    public string LogPath { get; init; } = "";

    public ContainerUser? User { get; init; }

    /// <summary>What the runtime set for it; null when the runtime does not tell.</summary>
    public LinuxContainerResources? Resources { get; init; }

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    public string Hash => Annotations.GetValueOrDefault(CriLabels.ContainerHash, "");

    public int RestartCount =>
        int.TryParse(
            Annotations.GetValueOrDefault(CriLabels.ContainerRestartCount), CultureInfo.InvariantCulture, out var n)
            ? n
            : 0;

    public bool IsRunning => State == ContainerState.ContainerRunning;

    public bool IsExited => State == ContainerState.ContainerExited;

    public static ContainerRecord From(Container listed, ContainerStatus status) => new()
    {
        Id = listed.Id,
        SandboxId = listed.PodSandboxId,
        Name = listed.Metadata.Name,
        State = status.State,
        CreatedAt = CriTime.From(status.CreatedAt),
        StartedAt = CriTime.Optional(status.StartedAt),
        FinishedAt = CriTime.Optional(status.FinishedAt),
        ExitCode = status.ExitCode,
        Reason = status.Reason,
        Message = status.Message,
        Image = status.Image?.Image ?? "",
        ImageRef = status.ImageRef,
        ImageId = listed.ImageRef,
        LogPath = status.LogPath,
        User = status.User,
        Resources = status.Resources?.Linux,
        Annotations = new Dictionary<string, string>(status.Annotations),
    };
}

/// <summary>A pod sandbox as the runtime knows it.</summary>
public sealed record SandboxRecord
{
    public required string Id { get; init; }

    public uint Attempt { get; init; }

    public bool Ready { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public bool HostNetwork { get; init; }

    /// <summary>Pod addresses, the first one primary; empty with host network.</summary>
    public IReadOnlyList<string> Ips { get; init; } = [];

    /// <param name="status">As the runtime tells it, with addresses in any order.</param>
    /// <param name="families">The families of the node, the primary first: of each the pod has one address.</param>
    public static SandboxRecord From(PodSandboxStatus status, IReadOnlyList<IpFamily> families) => new()
    {
        Id = status.Id,
        Attempt = status.Metadata.Attempt,
        Ready = status.State == PodSandboxState.SandboxReady,
        CreatedAt = CriTime.From(status.CreatedAt),
        HostNetwork = status.Linux?.Namespaces?.Options?.Network == NamespaceMode.Node,
        Ips = status.Network is { Ip.Length: > 0 } network
            ? Sorted([network.Ip, .. network.AdditionalIps.Select(static ip => ip.Ip)], families)
            : [],
    };

    private static IReadOnlyList<string> Sorted(IReadOnlyList<string> ips, IReadOnlyList<IpFamily> families) =>
    [
        .. ips.DistinctBy(IpFamily.Of).OrderBy(ip => IpFamily.Of(ip) == families[0] ? 0 : 1),
    ];
}

/// <summary>Everything the runtime has of one pod; sandboxes and containers are ordered newest first.</summary>
public sealed record PodRuntimeState
{
    public required string Uid { get; init; }

    public string Name { get; init; } = "";

    public string Namespace { get; init; } = "";

    public IReadOnlyList<SandboxRecord> Sandboxes { get; init; } = [];

    public IReadOnlyList<ContainerRecord> Containers { get; init; } = [];

    public SandboxRecord? NewestSandbox => Sandboxes is [var newest, ..] ? newest : null;

    public SandboxRecord? ReadySandbox => Sandboxes.FirstOrDefault(s => s.Ready);

    /// <summary>Where probes and hooks reach the pod; with host network that is this machine.</summary>
    public string PodIp => ReadySandbox is { Ips: [var first, ..] } ? first : "127.0.0.1";

    public bool AnyRunning => Containers.Any(c => c.IsRunning);

    public bool IsEmpty => Sandboxes.Count == 0 && Containers.Count == 0;

    public static PodRuntimeState Empty(string uid) => new() { Uid = uid };

    public ContainerRecord? Newest(string name) => Containers.FirstOrDefault(c => c.Name == name);

    /// <summary>
    /// The newest instance that ran in a given sandbox: what counts when deciding what to start there.
    /// </summary>
    public ContainerRecord? NewestIn(string sandboxId, string name) =>
        Containers.FirstOrDefault(c => c.Name == name && c.SandboxId == sandboxId);
}

/// <summary>CRI speaks nanoseconds since 1970.</summary>
public static class CriTime
{
    private const long NanosecondsPerTick = 100;

    public static DateTimeOffset From(long nanoseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick);

    public static DateTimeOffset? Optional(long nanoseconds) => nanoseconds > 0 ? From(nanoseconds) : null;
}
