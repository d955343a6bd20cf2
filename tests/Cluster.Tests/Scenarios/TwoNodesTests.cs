using System.Diagnostics;
using System.Globalization;
using OrleansOrchestrator.Cluster.Tests.Silos;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>
/// A second real node on this machine, as docs/second-node.md tells: a network of its own, its own containerd, its own
/// cgroups.
/// </summary>
[Collection(ClusterTests.Name)]
public sealed class TwoNodesTests(RealCluster cluster)
{
    [Fact]
    public async Task A_second_node_runs_pods_and_pods_of_both_reach_each_other()
    {
        await using var space = await Space.CreateAsync(cluster, "two-nodes");
        await using var second = await SecondNode.StartAsync(cluster);
        (await cluster.KubectlAsync(
            "wait", "--for=condition=Ready", $"node/{SecondNode.Name}", "--timeout=300s")).Required.ToString();
        var first = (await cluster.KubectlAsync(
            "get", "nodes", "-o",
                $"jsonpath={{.items[?(@.metadata.name!=\"{SecondNode.Name}\")].metadata.name}}")).Required;

        await space.ApplyAsync(Pods.Together(On("here", first), On("there", SecondNode.Name)));
        await space.KubectlAsync(
            "expose", "pod", "here", "--name=web", "--port=80", "--target-port=8080", "--selector=shown=web");
        await space.WaitAsync("pod/here", "Ready");
        await space.WaitAsync("pod/there", "Ready");
        var here = await space.FieldAsync("pod/here", "{.status.podIP}");
        var there = await space.FieldAsync("pod/there", "{.status.podIP}");
        Assert.StartsWith("10.244.0.", here, StringComparison.Ordinal);
        Assert.StartsWith("10.244.1.", there, StringComparison.Ordinal);

        // by address, both ways, and the other side sees the pod's own address
        Assert.StartsWith("there says hello", await space.ShellAsync("here", $"wget -qO- http://{there}:8080/"),
            StringComparison.Ordinal);
        Assert.StartsWith("here says hello", await space.ShellAsync("there", $"wget -qO- http://{here}:8080/"),
            StringComparison.Ordinal);
        Assert.Contains(here, await space.KubectlAsync("logs", "there"), StringComparison.Ordinal);

        // by Service and name, from both nodes to the pods of both
        foreach (var from in new[] { "here", "there" })
        {
            var answers = await space.ShellAsync(from, "for i in $(seq 40); do wget -qO- http://web; done");
            Assert.Contains("here says hello", answers, StringComparison.Ordinal);
            Assert.Contains("there says hello", answers, StringComparison.Ordinal);
        }

        await IsolateAsync(space, here, there);
        await CoverAndDrainAsync(space);
        await KillASecondAgentAsync(space, second);
        await FillTheSecondNodeAsync(space, second);
    }

    /// <summary>Policies mean pods of other nodes as they mean those of their own.</summary>
    private static async Task IsolateAsync(Space space, string here, string there)
    {
        await space.KubectlAsync("label", "pod", "there", "side=far");
        await space.ApplyAsync("""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: far}
            spec:
              podSelector: {matchLabels: {shown: web}}
              ingress: [{from: [{podSelector: {matchLabels: {side: far}}}]}]
            """);
        await space.ShellUntilAsync("here", $"! timeout 2 wget -qO- http://{there}:8080/");
        await space.ShellUntilAsync("there", $"timeout 5 wget -qO- http://{here}:8080/");
        await space.KubectlAsync("label", "pod", "here", "side=far");
        await space.ShellUntilAsync("here", $"timeout 5 wget -qO- http://{there}:8080/");
        await space.KubectlAsync("delete", "netpol", "far");
    }

    /// <summary>
    /// A DaemonSet has a pod on each node; a node is drained no faster than a budget allows, and its daemon stays.
    /// </summary>
    private async Task CoverAndDrainAsync(Space space)
    {
        await space.ApplyAsync($$$"""
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: cover}
            spec:
              selector: {matchLabels: {app: cover}}
              template:
                metadata: {labels: {app: cover}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: main, image: '{{{Pods.Image}}}'}]
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: kept}
            spec:
              replicas: 4
              selector: {matchLabels: {app: kept}}
              template:
                metadata: {labels: {app: kept}}
                spec:
                  terminationGracePeriodSeconds: 1
                  topologySpreadConstraints:
                  - maxSkew: 1
                    topologyKey: kubernetes.io/hostname
                    whenUnsatisfiable: ScheduleAnyway
                    labelSelector: {matchLabels: {app: kept}}
                  containers:
                  - name: main
                    image: '{{{Pods.Image}}}'
                    readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: kept}
            spec: {minAvailable: 3, selector: {matchLabels: {app: kept} } }
            """);
        await space.KubectlAsync("rollout", "status", "daemonset/cover", "--timeout=300s");
        await space.KubectlAsync("rollout", "status", "deployment/kept", "--timeout=300s");
        const string NodeNames = "jsonpath={.items[*].spec.nodeName}";
        var covered = await space.KubectlAsync("get", "pods", "-l", "app=cover", "-o", NodeNames);
        Assert.Equal(2, covered.Split(' ').Distinct().Count());
        await space.KubectlAsync("wait", "--for=jsonpath={.status.disruptionsAllowed}=1", "pdb/kept", "--timeout=300s");

        using var watch = cluster.StartKubectl(
            "-n", space.Name, "get", "pdb", "kept", "--watch", "-o", "jsonpath={.status.currentHealthy}{'\\n'}");
        var healthy = watch.StandardOutput.RestAsync();
        await space.KubectlAsync(
            "drain", SecondNode.Name, "--ignore-daemonsets", "--pod-selector=app in (cover,kept)", "--timeout=300s");
        await space.KubectlAsync("rollout", "status", "deployment/kept", "--timeout=300s");
        watch.Kill();
        Assert.All(
            (await healthy).Split('\n', StringSplitOptions.RemoveEmptyEntries),
            static line => Assert.True(int.Parse(line, CultureInfo.InvariantCulture) >= 3, "the budget holds"));
        Assert.DoesNotContain(
            SecondNode.Name, await space.KubectlAsync("get", "pods", "-l", "app=kept", "-o", NodeNames),
            StringComparison.Ordinal);
        Assert.Equal(covered, await space.KubectlAsync("get", "pods", "-l", "app=cover", "-o", NodeNames));

        (await cluster.KubectlAsync("uncordon", SecondNode.Name)).Required.ToString();
        await space.KubectlAsync(
            "delete", "deployment/kept", "daemonset/cover", "pdb/kept", "--cascade=foreground", "--timeout=300s");
    }

    /// <summary>
    /// Short of disk, by a threshold that no disk can keep: the cluster sees it, and the other node is not touched.
    /// </summary>
    private async Task FillTheSecondNodeAsync(Space space, SecondNode second)
    {
        await second.RestartAgentAsync("--eviction-hard", "nodefs.available<99.99%");
        (await cluster.KubectlAsync(
            "wait", "--for=condition=DiskPressure", $"node/{SecondNode.Name}", "--timeout=300s")).Required.ToString();
        await space.WaitAsync("pod/there", "{.status.reason}=Evicted");
        await space.WaitAsync("pod/later", "{.status.phase}=Failed");
        (await cluster.KubectlAsync(
            "wait", "--for=jsonpath={.spec.taints[?(@.key==\"node.kubernetes.io/disk-pressure\")].effect}=NoSchedule",
            $"node/{SecondNode.Name}", "--timeout=300s")).Required.ToString();
        Assert.StartsWith(
            "The node was low on resource: ephemeral-storage. Threshold quantity: ",
            await space.FieldAsync("pod/there", "{.status.message}"),
            StringComparison.Ordinal);
        Assert.Equal("True", await space.FieldAsync("pod/here", "{.status.conditions[?(@.type==\"Ready\")].status}"));
    }

    /// <summary>The nodes do not get into each other's way: an agent's crash is its own affair.</summary>
    private static async Task KillASecondAgentAsync(Space space, SecondNode second)
    {
        const string Ids = "{.items[*].status.containerStatuses[0].containerID}";
        var before = await space.KubectlAsync("get", "pods", "-o", $"jsonpath={Ids}");
        await second.RestartAgentAsync();
        await space.ApplyAsync(On("later", SecondNode.Name));
        await space.WaitAsync("pod/later", "Ready");
        Assert.Contains(before.Split(' ')[0], await space.KubectlAsync("get", "pods", "-o", $"jsonpath={Ids}"),
            StringComparison.Ordinal);
        Assert.Equal("0", await space.FieldAsync("pod/there", "{.status.containerStatuses[0].restartCount}"));
        Assert.Equal("0", await space.FieldAsync("pod/here", "{.status.containerStatuses[0].restartCount}"));
    }

    private static string On(string name, string node) => $"""
        apiVersion: v1
        kind: Pod
        metadata: {"{"}name: {name}, labels: {"{"}shown: web{"}"}{"}"}
        spec:
          terminationGracePeriodSeconds: 1
          nodeSelector: {"{"}kubernetes.io/hostname: {node}{"}"}
          containers:
          - name: main
            image: {Pods.Image}
            readinessProbe: {"{"}httpGet: {"{"}path: /healthz, port: 8080{"}"}, periodSeconds: 1{"}"}
        """;

    /// <summary>What docs/second-node.md does by hand.</summary>
    private sealed class SecondNode : IAsyncDisposable
    {
        public const string Name = "second";
        private const string Address = "10.243.1.2";
        private const string Gateway = "10.243.1.1";
        private const string FirstAddress = "10.243.0.1";
        private static readonly TimeSpan EndPatience = TimeSpan.FromMinutes(2);

        private readonly RealCluster _cluster;
        private readonly string _space = $"orc-two-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
        private readonly string _link = $"two{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
        private Process? _agent;

        private SecondNode(RealCluster cluster) => _cluster = cluster;

        private string Directory => Path.Combine(_cluster.Scratch, "second");

        private string[] Options =>
        [
            "--kubeconfig", Path.Combine(Directory, "pki", "node.conf"),
            "--node-name", Name,
            "--node-ip", Address,
            "--data-dir", Path.Combine(Directory, "node"),
            "--pod-logs-dir", Path.Combine(Directory, "logs"),
            "--cgroup-root", "/orc-second",
            "--tls-cert-file", Path.Combine(Directory, "pki", "node-serving.crt"),
            "--tls-private-key-file", Path.Combine(Directory, "pki", "node-serving.key"),
            "--client-ca-file", Path.Combine(Directory, "pki", "ca.crt"),
        ];

        public static async Task<SecondNode> StartAsync(RealCluster cluster)
        {
            var node = new SecondNode(cluster);
            try
            {
                await node.MakeNetworkAsync();
                await node.MakeCredentialsAsync();
                node.StartAgent();
                await node.LoadImageAsync();
                return node;
            }
            catch
            {
                await node.DisposeAsync();
                throw;
            }
        }

        public async Task RestartAgentAsync(params string[] more)
        {
            _agent!.Kill();
            await _agent.EndedAsync();
            _agent.Dispose();
            StartAgent(more);
        }

        public async ValueTask DisposeAsync()
        {
            if (_agent is not null)
            {
                await Tools.RunAsync("kill", ["-TERM", _agent.Id.ToString(CultureInfo.InvariantCulture)]);
                await _agent.WaitForExitAsync().WaitAsync(EndPatience);
                _agent.Dispose();
                (await InsideAsync(RealCluster.Program("NodeAgent"), ["clean", .. Options])).Required.ToString();
            }

            await Tools.RunAsync("ip", ["netns", "delete", _space]);
            await _cluster.KubectlAsync("delete", "node", Name, "--ignore-not-found");
            await _cluster.KubectlAsync("-n", "kube-node-lease", "delete", "lease", Name, "--ignore-not-found");
            System.IO.Directory.Delete(Directory, recursive: true);
        }

        private async Task MakeNetworkAsync()
        {
            System.IO.Directory.CreateDirectory(Path.Combine(Directory, "pki"));
            await RequireAsync("ip", "netns", "add", _space);
            await RequireAsync("ip", "link", "add", _link, "type", "veth", "peer", "name", "uplink", "netns", _space);
            await RequireAsync("ip", "address", "add", $"{Gateway}/30", "dev", _link);
            await RequireAsync("ip", "link", "set", _link, "up");
            await InsideRequiredAsync("ip", "link", "set", "lo", "up");
            await InsideRequiredAsync("ip", "address", "add", $"{Address}/30", "dev", "uplink");
            await InsideRequiredAsync("ip", "link", "set", "uplink", "up");
            await InsideRequiredAsync("ip", "route", "add", "default", "via", Gateway);
        }

        /// <summary>A silo that joins for a moment writes them.</summary>
        private async Task MakeCredentialsAsync()
        {
            var tokens = Path.Combine(Directory, "tokens");
            await File.WriteAllTextAsync(tokens, "");
            var connection =
                $"Host={Path.Combine(_cluster.DataDirectory, "run", "postgres")};Username=orc;Database=orc";
            await using (var silo = await SiloProcess.StartAsync(
                connection, tokens, new SiloPlace("127.0.0.1", "127.0.0.1", 0), "--controllers", "false",
                    "--encryption-provider-config", Path.Combine(_cluster.DataDirectory, "encryption.yaml"),
                    "--node-credentials", Path.Combine(Directory, "pki"), "--node-name", Name, "--node-ip", Address))
            {
                await silo.StopAsync();
            }

            var kubeconfig = Path.Combine(Directory, "pki", "node.conf");
            var text = await File.ReadAllTextAsync(kubeconfig);
            var server = text.Split('\n').First(l => l.Contains("server:", StringComparison.Ordinal));
            await File.WriteAllTextAsync(kubeconfig, text.Replace(
                server, $"{server[..server.IndexOf("server:", StringComparison.Ordinal)]}server: https://{FirstAddress}:6443", StringComparison.Ordinal));
        }

        private void StartAgent(params string[] more) => _agent = Process.Start(new ProcessStartInfo(
            "sh", ["-c", "exec \"$@\" >> \"$0\" 2>&1", Path.Combine(Directory, "agent.log"), "nsenter",
                $"--net=/run/netns/{_space}", RealCluster.Program("NodeAgent"), .. Options, .. more]));

        private async Task LoadImageAsync()
        {
            (await _cluster.KubectlAsync("wait", "--for=create", $"node/{Name}", "--timeout=300s")).Required.ToString();
            (await _cluster.KubectlAsync(
                "wait", "--for=condition=Ready", $"node/{Name}", "--timeout=300s")).Required.ToString();
            (await InsideAsync(RealCluster.Program("NodeAgent"), ["load-demo-image", .. Options])).Required.ToString();
        }

        private Task<Ended> InsideAsync(string program, IEnumerable<string> arguments) =>
            Tools.RunAsync("nsenter", [$"--net=/run/netns/{_space}", program, .. arguments]);

        private async Task InsideRequiredAsync(string program, params string[] arguments) =>
            (await InsideAsync(program, arguments)).Required.ToString();

        private static async Task RequireAsync(string program, params string[] arguments) =>
            (await Tools.RunAsync(program, arguments)).Required.ToString();
    }
}
