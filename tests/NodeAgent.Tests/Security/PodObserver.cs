using System.Text;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Swap;
using OrleansOrchestrator.NodeAgent.UserNamespaces;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <summary>What the node makes of a pod, as text: no runtime and no rights are needed for it.</summary>
internal enum Aspect
{
    /// <summary>Reason and message of the refusal; empty when the pod is admitted.</summary>
    Admission,

    /// <summary>What the runtime is asked for as the sandbox, or why it is not.</summary>
    Sandbox,

    /// <summary>What the runtime is asked for as containers, or why it is not.</summary>
    Containers,

    Hosts,

    /// <summary>The files of volumes, or why there are none.</summary>
    Volumes,

    /// <summary>What is started, killed and waited for, in the states that containers can be in.</summary>
    Plan,

    /// <summary>The status that the node reports, in the same states.</summary>
    Status,
}

/// <summary>Shows a pod to the parts of the node that read its fields.</summary>
internal sealed class PodObserver : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("orc-fields-").FullName;
    private readonly FakeCluster _cluster = new();
    private readonly RuntimeHealth _runtime = new();
    private readonly CriClient _cri;
    private readonly SandboxConfigBuilder _sandboxes;
    private readonly ContainerConfigBuilder _containers;
    private readonly ObjectFiles _files;
    private readonly ClaimedVolumes _claims;
    private readonly CsiVolumes _drivers;
    private readonly DeviceParts _devices;
    private readonly DraParts _resources;
    private readonly NodeAgentOptions _options;
    private readonly bool _hasAppArmor;
    private readonly PodUserNamespaces _users;

    public PodObserver(RuntimeAbilities abilities, bool hasAppArmor = false)
    {
        _hasAppArmor = hasAppArmor;
        _runtime.Up(abilities);
        _options = new NodeAgentOptions { NodeName = "node", DataDirectory = _directory, NodeIp = "192.0.2.1" };
        _devices = new DeviceParts(_options, TimeProvider.System);
        _resources = new DraParts(_options, _cluster, TimeProvider.System);
        _cri = new CriClient(Path.Combine(_directory, "none.sock"));
        var (cpus, paths) = (PinningParts.Cpus(_options), new PodPaths(_options));
        var cgroups = new Cgroups(_options, CgroupFiles.OfThisMachine(), cpus);
        _users = new PodUserNamespaces(_options, paths, _runtime);
        var node = new NodeObject(_cluster, _options);
        var csi = new CsiParts(_options, _cluster, node, TimeProvider.System);
        var mount = new MountProgram("mount");
        _drivers = csi.Volumes;
        _claims = new ClaimedVolumes(
            _cluster, node, paths, _drivers, new NfsVolumes(mount),
            new LocalMounts(mount, new DeviceFileSystems(mount), csi.Ownership, csi.Events));
        _sandboxes = new SandboxConfigBuilder(_options, cgroups, _users, _claims);
        _containers = new ContainerConfigBuilder(
            new EnvironmentBuilder(_cluster), new HostsFiles(_options, paths),
            new ContainerMounts(paths, _runtime, NullLogger<ContainerMounts>.Instance),
            new ImageStore(_options, _cri, TimeProvider.System), _devices.Manager, _resources.Manager, cpus, PinningParts.Memory(_options),
            new NodeFacts(_options), cgroups, _users, new PodSwap(_options, new NodeFacts(_options), cgroups),
            _sandboxes);
        _files = new ObjectFiles(_cluster, new TokenCache(_cluster, TimeProvider.System, NullLogger.Instance));
        foreach (var name in new[] { "one", "two" })
        {
            _cluster.Put(new V1ConfigMap
            {
                Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
                Data = new Dictionary<string, string> { ["a"] = name + "-a", ["b"] = name + "-b" },
            });
            _cluster.Put(new V1Secret
            {
                Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
                Data = new Dictionary<string,
                    byte[]> { ["a"] = Encoding.UTF8.GetBytes(name + "-sa"),
                    ["b"] = Encoding.UTF8.GetBytes(name + "-sb") },
            });
        }

        foreach (var path in new[] { "empty", "empty2" })
        {
            Directory.CreateDirectory(Path.Combine(_directory, path));
            File.WriteAllText(Path.Combine(_directory, path, "f"), $"A='{path}-a'\nB='{path}-b'\n");
            File.WriteAllText(Path.Combine(_directory, path, "g"), $"A='{path}-g'\n");
        }
    }

    public async Task<string> ObserveAsync(V1Pod pod, Aspect aspect) => aspect switch
    {
        Aspect.Admission => Admit(pod),
        Aspect.Sandbox => await SandboxAsync(pod),
        Aspect.Containers => await ContainersAsync(pod),
        Aspect.Hosts => PodHostname.HostsFile(pod, ["10.0.0.9"], _options.ClusterDomain),
        Aspect.Volumes => await VolumesAsync(pod),
        Aspect.Plan => string.Join('\n', States(pod).Select(state => Plan(pod, state))),
        _ => string.Join('\n', States(pod).Select(state => Status(pod, state))),
    };

    public void Dispose()
    {
        _devices.Dispose();
        _resources.Dispose();
        _cri.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<string> SandboxAsync(V1Pod pod)
    {
        try
        {
            await _resources.Manager.PrepareAsync(pod, CancellationToken.None);
        }
        catch (DraException problem)
        {
            return SandboxRefusal.FailedPrepare(problem).Message;
        }

        try
        {
            _users.Allocate(pod, "");
            return SandboxRefusal.Of(pod, _options.ClusterDomain)?.Message ?? _sandboxes.Build(pod, 0).ToString();
        }
        catch (UserNamespaceException problem)
        {
            return SandboxRefusal.FailedCreate(problem.Message).Message;
        }
    }

    private string Admit(V1Pod pod)
    {
        var other = TestPods.Pod("other", TestPods.Service("c"));
        other.Spec.Containers[0].Ports = [new V1ContainerPort { ContainerPort = 9, HostPort = 9999, Protocol = "UDP",
            HostIP = "192.0.2.9" }];
        var node = new V1Node
        {
            Metadata = new V1ObjectMeta { Name = "node", Labels = new Dictionary<string,
                string> { ["kubernetes.io/arch"] = "amd64" } },
            Spec = new V1NodeSpec { Taints = [new V1Taint { Key = "gone", Value = "yes", Effect = "NoExecute" }] },
        };
        var verdict = PodAdmission.Check(
            TestPods.Admission(pod) with { Others = [other], Node = node, Abilities = _runtime.Abilities,
                HasAppArmor = _hasAppArmor });
        return verdict is null ? "" : $"{verdict.Reason}: {verdict.Message}";
    }

    private async Task<string> ContainersAsync(V1Pod pod)
    {
        var texts = new StringBuilder();
        var volumes = (pod.Spec.Volumes ?? []).ToDictionary(
            v => v.Name, v =>
                Path.Combine(_directory, v.EmptyDir is null ? v.Name : v.Name == "empty2" ? "empty2" : "empty"));
        foreach (var container in pod.AllContainers())
        {
            var facts = new ContainerStartFacts
            {
                Pod = pod,
                Container = container,
                RestartCount = 0,
                ImageId = "sha256:1",
                LogDirectory = _directory,
                Volumes = volumes,
                TargetContainerId = Target(pod, container),
                Environment = new EnvironmentFacts { Addresses = new PodAddresses(["192.0.2.1"], ["10.0.0.9"]) },
            };
            try
            {
                texts.AppendLine((await _containers.BuildAsync(facts, CancellationToken.None)).ToString());
            }
            catch (Exception exception) when (exception is ContainerConfigException or DraException)
            {
                texts.AppendLine(exception.Message);
            }
        }

        return texts.ToString();
    }

    /// <summary>The container "c" runs; any other is not there.</summary>
    private static string? Target(V1Pod pod, V1Container container) =>
        pod.Spec.EphemeralContainers?.FirstOrDefault(e => e.Name == container.Name)?.TargetContainerName switch
        {
            null => null,
            "c" => "id-c",
            _ => "",
        };

    private async Task<string> VolumesAsync(V1Pod pod)
    {
        var texts = new StringBuilder();
        try
        {
            VolumePlugins.Require(pod, await _claims.FindAsync(pod, CancellationToken.None));
            foreach (var volume in pod.UsedVolumes().Where(v => v.HostPath is null && v.EmptyDir is null))
            {
                if (volume.Csi is not null)
                {
                    await _drivers.SetUpAsync(CsiMount.Of(pod, volume), CancellationToken.None);
                }

                var facts = new EnvironmentFacts { Addresses = new PodAddresses(["192.0.2.1"], ["10.0.0.9"]) };
                var files = await _files.ReadAsync(pod, volume, facts, CancellationToken.None)
                    ?? throw new VolumeException("no volume plugin matched");
                foreach (var (path, file) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
                {
                    texts.AppendLine(
                        $"{volume.Name} {path} {file.Mode} {file.Uid} {Encoding.UTF8.GetString(file.Content)}");
                }
            }
        }
        catch (VolumeException exception)
        {
            texts.AppendLine(exception.Message);
        }

        return texts.ToString();
    }

    /// <summary>Nothing yet; all run; all ended well; all ended badly; init containers failed.</summary>
    private static IEnumerable<PodRuntimeState> States(V1Pod pod)
    {
        yield return PodRuntimeState.Empty("u");
        foreach (var (init, main) in new[] { (0, -1), (0, 0), (0, 3), (3, -2) })
        {
            var records = pod.Inits().Select(c =>
                Record(c, c.IsSidecar() ? -1 : init)).Concat(pod.Spec.Containers.Select(c => Record(c, main)));
            yield return new PodRuntimeState
            {
                Uid = "u",
                Sandboxes = [new SandboxRecord { Id = "s", Ready = true, HostNetwork = pod.UsesHostNetwork(),
                    Ips = ["10.0.0.9"] }],
                Containers = [.. records.OfType<ContainerRecord>()],
            };
        }
    }

    /// <summary>Exit code; -1 runs, -2 is not there.</summary>
    private static ContainerRecord? Record(V1Container container, int exitCode) => exitCode == -2 ? null
        : new ContainerRecord
    {
        Id = "id-" + container.Name,
        SandboxId = "s",
        Name = container.Name,
        State = exitCode < 0 ? ContainerState.ContainerRunning : ContainerState.ContainerExited,
        ExitCode = Math.Max(0, exitCode),
        CreatedAt = Now,
        StartedAt = Now,
        FinishedAt = exitCode < 0 ? null : Now,
        Annotations = new Dictionary<string, string> { [CriLabels.ContainerHash] = PodFacts.Hash(container) },
    };

    private static string Plan(V1Pod pod, PodRuntimeState state)
    {
        var plan = PodPlanner.Compute(new PodPlanInput
        {
            Pod = pod,
            Observed = state,
            Now = new SteadyTime(TimeSpan.FromDays(1)),
            Started = state.Containers.Select(c => c.Id).ToHashSet(),
        });
        var starts = string.Join(',', plan.Starts.Select(s => s.Container.Name));
        return $"reset {plan.Resets.Count} kill {plan.KillPod} sandbox {plan.NewSandboxAttempt} start {starts}";
    }

    private string Status(V1Pod pod, PodRuntimeState state) =>
        KubernetesJson.Serialize(PodStatusComputer.Compute(new PodStatusInput
    {
        Pod = pod,
        Observed = state,
        Now = Now,
        HostIps = ["192.0.2.1"],
        Started = state.Containers.Select(c => c.Id).ToHashSet(),
        Abilities = _runtime.Abilities,
    }));
}
