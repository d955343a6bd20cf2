using System.Security.Cryptography.X509Certificates;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Grains.Apps.DaemonSets;
using OrleansOrchestrator.Grains.Apps.Deployments;
using OrleansOrchestrator.Grains.Apps.ReplicaSets;
using OrleansOrchestrator.Grains.Apps.StatefulSets;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Grains.Batch.CronJobs;
using OrleansOrchestrator.Grains.Batch.Jobs;
using OrleansOrchestrator.Grains.Core.Namespaces;
using OrleansOrchestrator.Grains.Core.PersistentVolumeClaims;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Core.ResourceQuotas;
using OrleansOrchestrator.Grains.Core.Secrets;
using OrleansOrchestrator.Grains.Core.Services;
using OrleansOrchestrator.Grains.DynamicResources.Claims;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;
using OrleansOrchestrator.Grains.Rbac.ClusterRoles;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Core.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// A cluster of reconcilers over a fake API, driven step by step: no grains, no threads of its own, no clock but the
/// test's.
/// </summary>
internal sealed class World
{
    private readonly Dictionary<string, IObjectReconciler> _reconcilers = new(StringComparer.Ordinal);

    public World()
    {
        Api = new FakeResourceClient(Time);
        Events = new EventSink(Api, Time, NullLogger<EventSink>.Instance);
        var services = new ServiceCollection()
            .AddSingleton<IResourceClient>(Api)
            .AddSingleton<IClusterTrust>(new Trust())
            .AddSingleton<ISecretTokens>(new Tokens())
            .AddSingleton<ICertificateSigner>(new Signer(Time))
            .AddSingleton<INodeVolumes>(NodeVolumes)
            .AddSingleton<IAggregatedApis>(Apis)
            .AddSingleton<IResourceMetrics>(new SteadyUsage(Time))
            .AddSingleton(ServiceAddressRange.Default)
            .BuildServiceProvider();
        Services = new ReconcilingServices(services, Options.Create(new ControllersOptions()), Time, Events, Cursors);
    }

    public ManualTime Time { get; } = new();

    public FakeApis Apis { get; } = new();

    public MemoryNodeVolumes NodeVolumes { get; } = new();

    public FakeResourceClient Api { get; }

    public EventSink Events { get; }

    public MemoryChildCursors Cursors { get; } = new();

    public ReconcilingServices Services { get; }

    public static V1PodTemplateSpec Template(string app, string image = "demo:1") => new()
    {
        Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["app"] = app } },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "main", Image = image }] },
    };

    public V1ReplicaSet AddReplicaSet(string name, int replicas) => Api.Seed(new V1ReplicaSet
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ReplicaSetSpec
        {
            Replicas = replicas,
            Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = name } },
            Template = Template(name),
        },
    });

    public V1Job AddJob(string name, Action<V1JobSpec> change)
    {
        var spec = new V1JobSpec
        {
            Parallelism = 1,
            Completions = 1,
            BackoffLimit = 6,
            Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = name } },
            Template = Template(name),
        };
        spec.Template.Spec.RestartPolicy = "Never";
        change(spec);
        return Api.Seed(new V1Job
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" }, Spec = spec,
        });
    }

    /// <summary>A pod's containers end, now or some time ago.</summary>
    public void Finish(string pod, int exitCode, TimeSpan ago = default)
    {
        var ended = new V1ContainerStateTerminated
        {
            ExitCode = exitCode, FinishedAt = (Time.GetUtcNow() - ago).UtcDateTime,
        };
        Api.Change<V1Pod>(
            "default",
            pod,
            p => p.Status = new V1PodStatus
            {
                Phase = exitCode == 0 ? "Succeeded" : "Failed",
                ContainerStatuses =
                [
                    new V1ContainerStatus { Name = "main", State = new V1ContainerState { Terminated = ended } },
                ],
            },
            "status");
    }

    public V1Deployment AddDeployment(string name, int replicas, string surge = "25%", string unavailable = "25%") =>
        Api.Seed(new V1Deployment
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1DeploymentSpec
            {
                Replicas = replicas,
                ProgressDeadlineSeconds = 600,
                RevisionHistoryLimit = 10,
                Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = name } },
                Strategy = new V1DeploymentStrategy
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new V1RollingUpdateDeployment { MaxSurge = surge, MaxUnavailable = unavailable },
                },
                Template = Template(name),
            },
        });

    public V1ReplicationController AddReplicationController(string name, int replicas) => Api.Seed(
        new V1ReplicationController
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1ReplicationControllerSpec
            {
                Replicas = replicas,
                Selector = new Dictionary<string, string> { ["app"] = name },
                Template = Template(name),
            },
        });

    public V1StatefulSet AddStatefulSet(string name, int replicas, Action<V1StatefulSetSpec>? adjust = null)
    {
        var spec = new V1StatefulSetSpec
        {
            Replicas = replicas,
            PodManagementPolicy = "OrderedReady",
            RevisionHistoryLimit = 10,
            ServiceName = "svc",
            Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = name } },
            Template = Template(name),
            UpdateStrategy = new V1StatefulSetUpdateStrategy
            {
                Type = "RollingUpdate",
                RollingUpdate = new V1RollingUpdateStatefulSetStrategy { Partition = 0 },
            },
        };
        adjust?.Invoke(spec);
        return Api.Seed(new V1StatefulSet
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" }, Spec = spec,
        });
    }

    public V1DaemonSet AddDaemonSet(string name, string surge = "0", string unavailable = "1") => Api.Seed(
        new V1DaemonSet
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1DaemonSetSpec
            {
                RevisionHistoryLimit = 10,
                Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = name } },
                Template = Template(name),
                UpdateStrategy = new V1DaemonSetUpdateStrategy
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new V1RollingUpdateDaemonSet { MaxSurge = surge, MaxUnavailable = unavailable },
                },
            },
        });

    /// <summary>The reconciler of an object, which keeps its memory from step to step.</summary>
    public IObjectReconciler Reconciler<T>(string name)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta>
    {
        var id = $"{typeof(T).Name}/{name}";
        if (!_reconcilers.TryGetValue(id, out var known))
        {
            var key = new ObjectKey("default", name);
            _reconcilers[id] = known =
                typeof(T) == typeof(V1ReplicaSet) ? new ReplicaSetReconciler(ReplicaKind.ReplicaSets, key, Services)
                : typeof(T) == typeof(V1ReplicationController)
                    ? new ReplicaSetReconciler(ReplicaKind.ReplicationControllers, key, Services)
                : typeof(T) == typeof(V1StatefulSet) ? new StatefulSetReconciler(key, Services)
                : typeof(T) == typeof(V1DaemonSet) ? new DaemonSetReconciler(key, Services)
                : typeof(T) == typeof(V1Job) ? new JobReconciler(key, Services)
                : typeof(T) == typeof(V1CronJob) ? new CronJobReconciler(key, Services)
                : typeof(T) == typeof(V1Service) ? new ServiceReconciler(key, Services)
                : typeof(T) == typeof(V2HorizontalPodAutoscaler) ? new HorizontalPodAutoscalerReconciler(key, Services)
                : typeof(T) == typeof(V1PersistentVolumeClaim) ? new ClaimReconciler(key, Services)
                : typeof(T) == typeof(V1PersistentVolume) ? new VolumeReconciler(new ObjectKey("", name), Services)
                : typeof(T) == typeof(V1Pod) ? new PodReconciler(key, Services)
                : typeof(T) == typeof(Resourcev1ResourceClaim) ? new ResourceClaimReconciler(key, Services)
                : typeof(T) == typeof(V1ResourceQuota) ? new ResourceQuotaReconciler(key, Services)
                : typeof(T) == typeof(V1PodDisruptionBudget) ? new PodDisruptionBudgetReconciler(key, Services)
                : typeof(T) == typeof(V1Secret) ? new SecretTokenReconciler(key, Services)
                : typeof(T) == typeof(V1ClusterRole) ? new ClusterRoleReconciler(new ObjectKey("", name), Services)
                : typeof(T) == typeof(V1Namespace) ? new NamespaceReconciler(new ObjectKey("", name), Services)
                : new DeploymentReconciler(key, Services);
        }

        return known;
    }

    /// <summary>One step of one object. Test code blocks here: steps over the fake complete at once.</summary>
    public ReconcileResult Step<T>(string name)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta> =>
        Reconciler<T>(name).ReconcileAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>The grains were lost with their memory; only what was saved remains.</summary>
    public void LoseActivations() => _reconcilers.Clear();

    /// <summary>One step of every object of a kind.</summary>
    public void StepAll<T>()
        where T : class, k8s.IKubernetesObject<V1ObjectMeta>
    {
        foreach (var item in Api.All<T>())
        {
            Step<T>(item.Metadata.Name);
        }
    }

    /// <summary>Steps every workload until nobody writes any more.</summary>
    public void Settle(bool withKubelet = true)
    {
        const int maxRounds = 300;
        for (var round = 0; round < maxRounds; round++)
        {
            var before = Api.Writes;
            StepAll<V1Deployment>();
            StepAll<V1ReplicaSet>();
            StepAll<V1ReplicationController>();
            StepAll<V1StatefulSet>();
            StepAll<V1DaemonSet>();
            if (withKubelet)
            {
                RunKubelets();
            }

            if (Api.Writes == before)
            {
                return;
            }
        }

        Assert.Fail($"no rest after {maxRounds} rounds");
    }

    /// <summary>Every pod gets a node and becomes ready; every terminating pod ends.</summary>
    public void RunKubelets()
    {
        foreach (var pod in Api.All<V1Pod>())
        {
            if (pod.Metadata.DeletionTimestamp is not null)
            {
                EndPod(pod.Metadata.Name);
            }
            else if (pod.Status?.Phase is null or "Pending")
            {
                SetReady(pod.Metadata.Name, true);
            }
        }
    }

    public V1Node AddNode(string name, string? zone = null)
    {
        Api.Seed(new V1Lease
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "kube-node-lease" },
            Spec = new V1LeaseSpec { HolderIdentity = name, LeaseDurationSeconds = 40, RenewTime = Time.GetUtcNow().UtcDateTime },
        });
        return Api.Seed(new V1Node
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Labels =
                    zone is null ? null : new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = zone },
            },
            Spec = new V1NodeSpec(),
            Status = new V1NodeStatus
            {
                Conditions = [new V1NodeCondition { Type = "Ready", Status = "True", LastHeartbeatTime = Time.GetUtcNow().UtcDateTime }],
            },
        });
    }

    public void Renew(params string[] nodes)
    {
        foreach (var node in nodes)
        {
            Api.Change<V1Lease>("kube-node-lease", node, l => l.Spec.RenewTime = Time.GetUtcNow().UtcDateTime);
        }
    }

    public V1Pod AddPod(
        string name, string node, Dictionary<string, string>? labels = null, string? ip = null, bool ready = true) =>
        Api.Seed(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Labels = labels },
            Spec = new V1PodSpec
            {
                NodeName = node,
                Containers = [new V1Container { Name = "main", Image = "demo:1", Ports = [new V1ContainerPort { Name = "http", ContainerPort = 8080, Protocol = "TCP" }] }],
            },
            Status = new V1PodStatus
            {
                Phase = "Running",
                PodIP = ip,
                PodIPs = ip is null ? null : [new V1PodIP { Ip = ip }],
                StartTime = Time.GetUtcNow().UtcDateTime,
                Conditions = [new V1PodCondition { Type = "Ready", Status = ready ? "True" : "False" }],
            },
        });

    public void EndPod(string name) => Api.EndGracePeriod(new ObjectKey("default", name));

    public void SetReady(string name, bool ready)
    {
        if (string.IsNullOrEmpty(Api.Find<V1Pod>("default", name)!.Spec.NodeName))
        {
            var confined = Api.Find<V1Pod>("default", name)!.Spec.Affinity?.NodeAffinity?
                .RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms[0].MatchFields[0].Values[0];
            Api.Change<V1Pod>("default", name, p => p.Spec.NodeName = confined ?? "n1");
        }

        Api.Change<V1Pod>(
            "default",
            name,
            p => p.Status = new V1PodStatus
            {
                Phase = "Running",
                Conditions =
                [
                    new V1PodCondition
                    {
                        Type = "Ready", Status = ready ? "True" : "False",
                        LastTransitionTime = Time.GetUtcNow().UtcDateTime,
                    },
                ],
            },
            "status");
    }

    public IReadOnlyList<V1Pod> ActivePods() =>
        [.. Api.All<V1Pod>().Where(p => p.Metadata.DeletionTimestamp is null && p.Status?.Phase is not ("Failed" or "Succeeded"))];

    private sealed class Tokens : ISecretTokens
    {
        public ValueTask<string> IssueAsync(SecretTokenOrder order, CancellationToken cancellationToken) =>
            ValueTask.FromResult($"token of {order.Namespace}/{order.ServiceAccount} in {order.Secret}");
    }

    private sealed class Signer(TimeProvider time) : ICertificateSigner
    {
        private readonly ClusterIdentity _identity = ClusterIdentity.Create(time.GetUtcNow());

        public ValueTask<string> SignAsync(SigningOrder order, CancellationToken cancellationToken)
        {
            using var authority =
                X509Certificate2.CreateFromPem(_identity.AuthorityPem, _identity.AuthorityKeyPem);
            return ValueTask.FromResult(RequestSigner.Sign(authority, order, time.GetUtcNow()));
        }
    }

    private sealed class Trust : IClusterTrust
    {
        public ValueTask<string> GetAuthorityPemAsync(CancellationToken cancellationToken) =>
            ValueTask.FromResult("PEM");

        public ValueTask<FrontProxyTrust> GetFrontProxyTrustAsync(CancellationToken cancellationToken) =>
            ValueTask.FromResult(FrontProxyTrust.Of("PROXY PEM"));
    }
}
