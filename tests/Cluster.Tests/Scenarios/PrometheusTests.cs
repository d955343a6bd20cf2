using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>
/// Debian's Prometheus, with the token of a service account, reads all endpoints, and the queries that boards and
/// alerts are made of give numbers. Each query is an alert that fires as soon as it has a result; the test is who is
/// told. Debian builds it without discovery through the API, so that its targets are named.
/// </summary>
[Collection(ClusterTests.Name)]
public sealed class PrometheusTests(RealCluster cluster)
{
    private const string Program = "/usr/bin/prometheus";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    // As kubernetes-mixin has them, without the labels of its own jobs.
    private static readonly (string Name, string Query)[] Queries =
    [
        ("cpu", "sum by (pod) (rate(container_cpu_usage_seconds_total{namespace=\"NAMESPACE\",image!=\"\"}[1m])) > 0"),
        ("cpuThroughTheApi",
            "sum(rate(container_cpu_usage_seconds_total{job=\"proxied\",namespace=\"NAMESPACE\"}[1m])) > 0"),
        ("memory", "sum by (pod) (container_memory_working_set_bytes{namespace=\"NAMESPACE\",container!=\"\"}) > 0"),
        ("rss", "container_memory_rss{namespace=\"NAMESPACE\",container=\"main\"} > 0"),
        ("network", "sum(rate(container_network_receive_bytes_total{namespace=\"NAMESPACE\"}[1m])) >= 0"),
        ("machine", "sum(machine_cpu_cores) > 0 and sum(machine_memory_bytes) > 0"),
        ("resource", "sum(pod_cpu_usage_seconds_total{namespace=\"NAMESPACE\"}) > 0"),
        ("probes", "sum(prober_probe_total{namespace=\"NAMESPACE\",result=\"successful\"}) > 0"),
        ("kubelet", "sum(kubelet_running_pods) > 0 and sum(rate(kubelet_runtime_operations_total[1m])) > 0"),
        ("starts", "histogram_quantile(0.99, sum by (le) (rate(kubelet_pod_worker_duration_seconds_bucket[1m]))) >= 0"),
        ("relists",
            "histogram_quantile(0.99, sum by (le) (rate(kubelet_pleg_relist_interval_seconds_bucket[1m]))) > 0"),
        ("phase", "sum by (namespace) (kube_pod_status_phase{namespace=\"NAMESPACE\",phase=\"Running\"}) == 1"),
        ("requests",
            "sum("
            + "kube_pod_container_resource_requests{namespace=\"NAMESPACE\",resource=\"cpu\"}) == 0.02"),
        ("owners", "max by (pod) (kube_pod_info{namespace=\"NAMESPACE\",node!=\"\"}) == 1"),
        ("restarts", "sum(kube_pod_container_status_restarts_total{namespace=\"NAMESPACE\"}) == 0"),
        ("ready", "kube_node_status_condition{condition=\"Ready\",status=\"true\"} == 1"),
        ("allocatable", "sum(kube_node_status_allocatable{resource=\"memory\"}) > 0"),
        ("requestsPerSecond", "sum(rate(apiserver_request_total{verb=\"GET\",code=~\"2..\"}[1m])) > 0"),
        ("slowest",
            "histogram_quantile(0.99, sum by (le) ("
            + "rate(apiserver_request_duration_seconds_bucket{verb=\"GET\"}[1m]))) > 0"),
        ("scheduled", "sum(scheduler_schedule_attempts_total{result=\"scheduled\"}) > 0"),
        ("queued", "sum(scheduler_queue_incoming_pods_total{event=\"UnschedulablePodAdd\",queue=\"active\"}) > 0"),
        ("bound",
            "sum(scheduler_framework_extension_point_duration_seconds_count"
            + "{extension_point=\"Bind\",status=\"Success\",profile=\"default-scheduler\"}) > 0"),
        ("watched", "sum(rate(apiserver_watch_events_total{resource=\"pods\"}[1m])) > 0"),
        ("stored", "sum(apiserver_storage_size_bytes) > 1e6 and sum(apiserver_storage_objects) > 0"),
        ("volumes",
            "sum(volume_manager_total_volumes{state=\"actual_state_of_world\"}) > 0 "
            + "and sum(volume_manager_total_volumes{state=\"desired_state_of_world\"}) > 0"),
        ("mounts",
            "sum(storage_operation_duration_seconds_count{operation_name=\"volume_mount\",status=\"success\"}) > 0"),
        ("groups", "sum(kubelet_cgroup_manager_duration_seconds_count{operation_type=\"create\"}) > 0"),
        ("started",
            "sum(kubelet_started_pods_total) > 0 and sum(kubelet_started_containers_total) > 0 "
            + "and sum(kubelet_run_podsandbox_duration_seconds_count) > 0"),
        ("machineCpu",
            "sum(rate("
            + "node_cpu_seconds_total{job=\"node-exporter\",mode!=\"idle\",mode!=\"iowait\",mode!=\"steal\"}[1m])) "
            + "/ count(sum by (instance, cpu) (node_cpu_seconds_total{job=\"node-exporter\"})) > 0"),
        ("machineMemory",
            "1 - sum(node_memory_MemAvailable_bytes{job=\"node-exporter\"}) "
            + "/ sum(node_memory_MemTotal_bytes{job=\"node-exporter\"}) > 0"),
        ("retransmitted",
            "sum(rate(node_netstat_Tcp_RetransSegs[1m]) / rate(node_netstat_Tcp_OutSegs[1m])) >= 0"),
        ("services", "sum(kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"}) > 0"),
        ("programmed", "sum(kubeproxy_network_programming_duration_seconds_count{ip_family=\"IPv4\"}) > 0"),
        ("clock", "min_over_time(node_timex_sync_status[1m]) >= 0 and node_timex_maxerror_seconds >= 0"),
        // What the kernel tells of links in files (carrier, mtu) is the machine's, and this network is the test's.
        ("links", "count(node_network_receive_multicast_total) >= 1 and count(node_network_transmit_colls_total) >= 1"),
        ("descriptors", "count(process_open_fds > 0) == count(process_virtual_memory_bytes > 0)"),
    ];

    [Fact]
    public async Task TheUsualQueriesGiveNumbers()
    {
        cluster.Require();
        Assert.SkipUnless(File.Exists(Program), "Debian's prometheus is not installed");
        await using var space = await Space.CreateAsync(cluster, "scraped");
        await space.ApplyAsync(Pods.Together(
            Pods.Shell("busy", "touch /tmp/ok; while true; do echo tick > /tmp/ok; sleep 0.1; done", more: """
                readinessProbe: {exec: {command: [cat, /tmp/ok]}, periodSeconds: 1}
                resources: {requests: {cpu: 20m, memory: 16Mi}}
                """),
            Rights(space.Name), Service));
        await space.WaitAsync("pod/busy", "Ready");
        var token = (await cluster.KubectlAsync("create", "token", "prometheus", "-n", space.Name)).Required;
        await using var alerts = await AlertReceiver.StartAsync(Queries.Select(static q => q.Name));
        var directory = Directory.CreateTempSubdirectory("orc-prometheus-").FullName;
        try
        {
            await ConfigureAsync(directory, space.Name, token, alerts.Port);
            await RunUntilAsync(directory, alerts.All);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        Assert.Empty(alerts.Missing);
    }

    private const string Service = """
        apiVersion: v1
        kind: Service
        metadata: {name: busy}
        spec: {selector: {app: busy}, ports: [{port: 80, targetPort: 8080}]}
        """;

    private static string Rights(string space) => $$"""
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: prometheus}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: prometheus-{{space}}}
        rules:
        - {apiGroups: [""], resources: [nodes, endpoints, services, pods], verbs: [get, list, watch]}
        - {apiGroups: [""], resources: [nodes/metrics, nodes/proxy], verbs: [get]}
        - {nonResourceURLs: [/metrics, /metrics/state], verbs: [get]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: prometheus-{{space}}}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: prometheus-{{space}}}
        subjects: [{kind: ServiceAccount, name: prometheus, namespace: {{space}}}]
        """;

    private async Task ConfigureAsync(string directory, string space, string token, int alertPort)
    {
        var server = (await cluster.KubectlAsync(
            "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")).Required;
        var authority = (await cluster.KubectlAsync(
            "config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}")).Required;
        var node = (await cluster.KubectlAsync(
            "get", "nodes", "-o", "jsonpath={.items[0].metadata.name} {.items[0].status.addresses[0].address}:"
            + "{.items[0].status.daemonEndpoints.kubeletEndpoint.Port}")).Required.Split(' ');
        await File.WriteAllBytesAsync(Path.Combine(directory, "ca.crt"), Convert.FromBase64String(authority));
        await File.WriteAllTextAsync(Path.Combine(directory, "token"), token);
        await File.WriteAllTextAsync(Path.Combine(directory, "rules.yml"), "groups:\n- name: queries\n  rules:\n" +
            string.Concat(Queries.Select(static q => $"  - alert: {q.Name}\n    expr: '{q.Query}'\n"))
                .Replace("NAMESPACE", space, StringComparison.Ordinal));
        await File.WriteAllTextAsync(
            Path.Combine(directory, "prometheus.yml"), Configuration(new Uri(server), (node[0], node[1]), alertPort));
    }

    private static string Configuration(Uri server, (string Name, string Address) node, int alertPort)
    {
        string Job(string name, string path, string target) => $$"""
            - job_name: {{name}}
              scheme: https
              metrics_path: {{path}}
              authorization: {credentials_file: token}
              tls_config: {ca_file: ca.crt}
              static_configs: [{targets: ["{{target}}"]}]

            """;
        return $$"""
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: [rules.yml]
            alerting:
              alertmanagers: [{static_configs: [{targets: ["127.0.0.1:{{alertPort}}"]}]}]
            scrape_configs:
            {{Job("kubelet", "/metrics", node.Address)}}
            {{Job("cadvisor", "/metrics/cadvisor", node.Address)}}
            {{Job("resource", "/metrics/resource", node.Address)}}
            {{Job("probes", "/metrics/probes", node.Address)}}
            {{Job("node-exporter", "/metrics/node", node.Address)}}
            {{Job("proxied", $"/api/v1/nodes/{node.Name}/proxy/metrics/cadvisor", server.Authority)}}
            {{Job("apiserver", "/metrics", server.Authority)}}
            {{Job("kube-state-metrics", "/metrics/state", server.Authority)}}
            """;
    }

    private static async Task RunUntilAsync(string directory, Task done)
    {
        var start = new ProcessStartInfo(Program,
        [
            $"--config.file={directory}/prometheus.yml", $"--storage.tsdb.path={directory}/data",
            "--web.listen-address=127.0.0.1:0", "--log.level=warn",
        ])
        { RedirectStandardError = true, WorkingDirectory = directory };
        using var prometheus = Process.Start(start)!;
        var log = prometheus.StandardError.RestAsync();
        using var patience = new CancellationTokenSource(Patience);
        await Task.WhenAny(done, prometheus.WaitForExitAsync(patience.Token));
        var ended = prometheus.HasExited;
        if (!ended)
        {
            prometheus.Kill();
        }

        await prometheus.EndedAsync();
        Assert.False(ended, await log);
    }

    /// <summary>Takes the alerts that Prometheus sends, as Alertmanager does.</summary>
    private sealed class AlertReceiver : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly HashSet<string> _missing;
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private AlertReceiver(WebApplication app, IEnumerable<string> names)
        {
            _app = app;
            _missing = [.. names];
            app.MapPost("/api/v2/alerts", TakeAsync);
        }

        public Task All => _all.Task;

        public IReadOnlyCollection<string> Missing
        {
            get
            {
                lock (_missing)
                {
                    return [.. _missing];
                }
            }
        }

        public int Port => new Uri(_app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First()).Port;

        public static async Task<AlertReceiver> StartAsync(IEnumerable<string> names)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var receiver = new AlertReceiver(builder.Build(), names);
            await receiver._app.StartAsync();
            return receiver;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();

        private async Task TakeAsync(Microsoft.AspNetCore.Http.HttpContext context)
        {
            using var alerts = await JsonDocument.ParseAsync(context.Request.Body);
            lock (_missing)
            {
                foreach (var alert in alerts.RootElement.EnumerateArray())
                {
                    _missing.Remove(alert.GetProperty("labels").GetProperty("alertname").GetString()!);
                }

                if (_missing.Count == 0)
                {
                    _all.TrySetResult();
                }
            }
        }
    }
}
