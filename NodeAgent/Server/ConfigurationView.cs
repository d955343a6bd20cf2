using System.Globalization;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// The node's settings as upstream's KubeletConfiguration (<c>kubelet.config.k8s.io/v1beta1</c>) has them: of its
/// fields, those that mean something here. Pure.
/// </summary>
public static class ConfigurationView
{

    /// <summary>What <c>/configz</c> shows.</summary>
    public static JsonObject Of(NodeAgentOptions options)
    {
        var settings = new JsonObject
        {
            ["enableServer"] = true,
            ["podLogsDir"] = options.PodLogsDirectory,
            ["address"] = "0.0.0.0",
            ["port"] = options.KubeletPort,
            ["rotateCertificates"] = options.BootstrapKubeconfig.Length > 0,
            ["serverTLSBootstrap"] = options.RotateServerCertificates,
            ["clusterDomain"] = options.ClusterDomain,
            ["clusterDNS"] = Texts(options.ClusterDns),
            ["nodeStatusUpdateFrequency"] = GoDuration.Format(NodeStatusLoop.Check),
            ["nodeStatusReportFrequency"] = GoDuration.Format(NodeStatusLoop.ReportAnyway),
            ["nodeLeaseDurationSeconds"] = LeaseLoop.DurationSeconds,
            ["cgroupRoot"] = options.CgroupRoot,
            ["cgroupsPerQOS"] = true,
            ["cgroupDriver"] = "cgroupfs",
            ["maxPods"] = options.MaxPods,
            ["podCIDR"] = options.PodCidr,
            ["resolvConf"] = "/etc/resolv.conf",
            ["cpuCFSQuota"] = true,
            ["serializeImagePulls"] = options.MaxParallelImagePulls == 1,
            ["maxParallelImagePulls"] = options.MaxParallelImagePulls,
            ["failSwapOn"] = false,
            ["memorySwap"] = options.SwapBehavior.Length == 0
                ? new JsonObject() : new JsonObject { ["swapBehavior"] = options.SwapBehavior },
            ["userNamespaces"] = new JsonObject { ["idsPerPod"] = options.IdsPerPod },
            ["imagePullCredentialsVerificationPolicy"] = options.ImagePullCredentialsVerificationPolicy,
            ["preloadedImagesVerificationAllowlist"] = options.PreloadedImagesVerificationAllowlist is { Count: > 0 } l
                ? Texts(l) : null,
            ["registerNode"] = options.RegisterNode,
            ["containerRuntimeEndpoint"] = $"unix://{options.SocketPath}",
            ["systemReserved"] = new JsonObject
            {
                ["cpu"] = string.Create(CultureInfo.InvariantCulture, $"{options.SystemReservedMilliCpu}m"),
                ["memory"] = EvictionMessages.Text(options.SystemReservedMemoryBytes, isBinary: true),
            },
        };
        if (options.StaticPodPath.Length > 0)
        {
            settings["staticPodPath"] = options.StaticPodPath;
        }

        if (options.ManifestUrl.Length > 0)
        {
            settings["staticPodURL"] = options.ManifestUrl;
            settings["httpCheckFrequency"] = GoDuration.Format(options.ManifestUrlPeriod);
        }

        if (options.AllowedUnsafeSysctls.Count > 0)
        {
            settings["allowedUnsafeSysctls"] = Texts(options.AllowedUnsafeSysctls);
        }

        AddHousekeeping(settings, options.Housekeeping);
        AddShutdown(settings, options.Shutdown);
        AddResources(settings, options.Resources);
        return new JsonObject { ["kubeletconfig"] = settings };
    }

    private static void AddHousekeeping(JsonObject settings, HousekeepingOptions rules)
    {
        settings["imageMinimumGCAge"] = GoDuration.Format(rules.ImageMinimumAge);
        settings["imageMaximumGCAge"] = GoDuration.Format(rules.ImageMaximumAge);
        settings["imageGCHighThresholdPercent"] = rules.ImageGcHighPercent;
        settings["imageGCLowThresholdPercent"] = rules.ImageGcLowPercent;
        settings["containerLogMaxSize"] = EvictionMessages.Text(rules.LogMaxBytes, isBinary: true);
        settings["containerLogMaxFiles"] = rules.LogMaxFiles;
        settings["containerLogMonitorInterval"] = GoDuration.Format(rules.LogPeriod);
        settings["evictionHard"] = Map(rules.Eviction.Hard);
        AddPairs(settings, "evictionSoft", rules.Eviction.Soft);
        AddPairs(settings, "evictionSoftGracePeriod", rules.Eviction.SoftGracePeriods);
        AddPairs(settings, "evictionMinimumReclaim", rules.Eviction.MinimumReclaims);
        settings["evictionPressureTransitionPeriod"] = GoDuration.Format(rules.PressureTransitionPeriod);
        settings["evictionMaxPodGracePeriod"] = (int)rules.EvictionMaxPodGrace.TotalSeconds;
    }

    private static void AddShutdown(JsonObject settings, ShutdownOptions shutdown)
    {
        settings["shutdownGracePeriod"] = GoDuration.Format(shutdown.GracePeriod);
        settings["shutdownGracePeriodCriticalPods"] = GoDuration.Format(shutdown.GracePeriodCriticalPods);
        if (shutdown.GracePeriodByPodPriority.Count > 0)
        {
            settings["shutdownGracePeriodByPodPriority"] = new JsonArray([
                .. shutdown.GracePeriodByPodPriority.Select(static p => new JsonObject
                {
                    ["priority"] = p.Priority, ["shutdownGracePeriodSeconds"] = (long)p.Grace.TotalSeconds,
                })]);
        }
    }

    private static void AddResources(JsonObject settings, ResourceOptions resources)
    {
        settings["cpuManagerPolicy"] = resources.CpuPolicy;
        settings["cpuManagerReconcilePeriod"] = GoDuration.Format(resources.CpuReconcilePeriod);
        settings["memoryManagerPolicy"] = resources.MemoryPolicy;
        settings["podPidsLimit"] = resources.PodPidsLimit;
        settings["topologyManagerPolicy"] = resources.TopologyPolicy;
        settings["topologyManagerScope"] = resources.TopologyScope;
        AddPairs(settings, "cpuManagerPolicyOptions", resources.CpuPolicyOptions);
        AddPairs(settings, "topologyManagerPolicyOptions", resources.TopologyPolicyOptions);
        if (resources.ReservedCpus.Length > 0)
        {
            settings["reservedSystemCPUs"] = resources.ReservedCpus;
        }

        if (resources.ReservedMemory.Length > 0)
        {
            var nodes = resources.ReservedMemory.Split(';', StringSplitOptions.RemoveEmptyEntries);
            settings["reservedMemory"] = new JsonArray([.. nodes.Select(ReservedOfNode)]);
        }
    }

    /// <summary>Of <c>0:memory=1Gi</c>, which was checked when the agent started.</summary>
    private static JsonObject ReservedOfNode(string text)
    {
        var words = text.Split(':');
        return new JsonObject
        {
            ["numaNode"] = int.Parse(words[0], CultureInfo.InvariantCulture),
            ["limits"] = new JsonObject(words[1].Split(',').Select(static l => l.Split('=')).Select(
                static l => KeyValuePair.Create(l[0], (JsonNode?)JsonValue.Create(l[1])))),
        };
    }

    private static void AddPairs(JsonObject settings, string name, IReadOnlyDictionary<string, string> pairs)
    {
        if (pairs.Count > 0)
        {
            settings[name] = Map(pairs);
        }
    }

    private static JsonObject Map(IReadOnlyDictionary<string, string> pairs) =>
        new(pairs.OrderBy(static p => p.Key, StringComparer.Ordinal)
            .Select(static p => KeyValuePair.Create(p.Key, (JsonNode?)JsonValue.Create(p.Value))));

    private static JsonArray Texts(IEnumerable<string> texts) =>
        new([.. texts.Select(static t => (JsonNode?)JsonValue.Create(t))]);
}
