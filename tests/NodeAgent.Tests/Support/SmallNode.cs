using OrleansOrchestrator.NodeAgent.Kernel;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>
/// A node that fills easily: its disk is small and its own, its logs are rotated after a few lines, and it has
/// little patience. What takes minutes on a real one takes a second here, by the same code.
/// </summary>
public sealed class SmallNode : IAsyncLifetime
{
    /// <summary>What pods, images and containerd's own files have together.</summary>
    internal const int DiskMebibytes = 160;
    internal const int LogBytes = 32 * 1024;
    internal const int LogFiles = 3;

    private readonly string _disk = Directory.CreateTempSubdirectory("orc-small-").FullName;

    public SmallNode() => Node = new NodeHarness(Path.Combine(_disk, "node"), Small);

    internal NodeHarness Node { get; }

    public async ValueTask InitializeAsync()
    {
        if (NodeHarness.Unavailable is null)
        {
            Linux.Mount("tmpfs", _disk, "tmpfs", 0, $"size={DiskMebibytes}m,nr_inodes=50000,mode=0755");
            Directory.CreateDirectory(Path.Combine(_disk, "node"));
        }

        await Node.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        Linux.Unmount(_disk, UnmountMode.Lazy); // a test that failed may still read a log there
        Directory.Delete(_disk, recursive: true);
    }

    private static NodeAgentOptions Small(NodeAgentOptions options) => options with
    {
        NodeName = "small-node",
        PodCidr = "10.199.8.0/24",
        BridgeName = "orctest1",
        Housekeeping = new HousekeepingOptions
        {
            Eviction = new EvictionSettings
            {
                Hard = new Dictionary<string, string> { ["nodefs.available"] = "30%", ["imagefs.available"] = "30%" },
            },
            EvictionPeriod = TimeSpan.FromMilliseconds(200),
            PressureTransitionPeriod = TimeSpan.FromSeconds(2),
            ImageGcHighShare = 0.60,
            ImageGcLowShare = 0.10,
            ImageMinimumAge = TimeSpan.Zero,
            ImagePullProgressTimeout = TimeSpan.FromSeconds(2),
            LogMaxBytes = LogBytes,
            LogMaxFiles = LogFiles,
            LogPeriod = TimeSpan.FromSeconds(2),
        },
    };
}

/// <summary>
/// All tests that use the small node run one after the other, and after all others: two nodes at once in one network
/// would be taken for each other.
/// </summary>
[CollectionDefinition("small node", DisableParallelization = true)]
public sealed class SmallNodeCollection : ICollectionFixture<SmallNode>;
