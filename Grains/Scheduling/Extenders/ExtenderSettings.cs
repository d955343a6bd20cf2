using System.Security.Cryptography.X509Certificates;

namespace OrleansOrchestrator.Grains.Scheduling.Extenders;

/// <summary>
/// One of <c>extenders</c> of a KubeSchedulerConfiguration: a server that has a say in where pods go. An empty verb is
/// one that it does not serve.
/// </summary>
public sealed record ExtenderSettings
{
    /// <summary>How long a call may take when nothing is said.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Where it is; verbs are added after a slash.</summary>
    public required string UrlPrefix { get; init; }

    /// <summary>Says which of the nodes that plugins let through will not do.</summary>
    public string FilterVerb { get; init; } = "";

    /// <summary>Scores nodes, from 0 to 10.</summary>
    public string PrioritizeVerb { get; init; } = "";

    /// <summary>Says where which pods may be removed for another.</summary>
    public string PreemptVerb { get; init; } = "";

    /// <summary>Binds pods itself.</summary>
    public string BindVerb { get; init; } = "";

    /// <summary>What its scores weigh.</summary>
    public long Weight { get; init; }

    /// <summary>How long a call may take, from connecting to the last byte of the answer.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>It knows the nodes: names are enough.</summary>
    public bool KnowsNodes { get; init; }

    /// <summary>Only pods that ask for one of these are its business; empty for all pods.</summary>
    public IReadOnlySet<string> ManagedResources { get; init; } = new HashSet<string>();

    /// <summary>When it fails, pods are scheduled without it.</summary>
    public bool IsIgnorable { get; init; }

    /// <summary>Whom connections trust, and what they show.</summary>
    public ExtenderTls Tls { get; init; } = new();
}

/// <summary>How connections to an extender are secured, where its address says <c>https</c>.</summary>
public sealed record ExtenderTls
{
    /// <summary>Whatever certificate it shows is taken.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>The name that its certificate must have; empty for the host of its address.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>Those that are trusted, in place of the machine's; empty for the machine's.</summary>
    public IReadOnlyList<X509Certificate2> Authorities { get; init; } = [];

    /// <summary>What is shown to it; null for nothing.</summary>
    public X509Certificate2? Client { get; init; }
}
