using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using CsCheck;
using OrleansOrchestrator.Api.StateMetrics;
using OrleansOrchestrator.Api.Usage;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.StateMetrics;

public sealed class StateMetricsHandlerTests
{
    private const string Pod = """
        {"metadata":{"name":"p","namespace":"shop","uid":"u1","creationTimestamp":"2026-01-01T00:00:00Z",
         "ownerReferences":[{"kind":"ReplicaSet","name":"web-1","uid":"o","controller":true}]},
         "spec":{"nodeName":"n1","restartPolicy":"Always","containers":[{"name":"c","image":"web:1",
          "resources":{"requests":{"cpu":"250m","memory":"64Mi","nvidia.com/gpu":"1"},"limits":{"cpu":1}}}]},
         "status":{"phase":"Running","podIP":"10.1.0.2","hostIP":"10.0.0.1",
          "podIPs":[{"ip":"10.1.0.2"},{"ip":"fd00::2"}],
          "conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:05Z"}],
          "containerStatuses":[{"name":"c","ready":true,"restartCount":3,"image":"docker.io/web:1",
           "imageID":"sha","containerID":"containerd://1",
           "state":{"running":{"startedAt":"2026-01-01T00:00:04Z"}},
           "lastState":{"terminated":{"reason":"OOMKilled","exitCode":137,"finishedAt":"2026-01-01T00:00:03Z"}}}]}}
        """;

    [Fact]
    public async Task APodsSeriesAreKubeStateMetrics()
    {
        const string Id = "namespace=\"shop\",pod=\"p\",uid=\"u1\"";
        const string Requests =
            $"kube_pod_container_resource_requests{{{Id},container=\"c\",node=\"n1\"";
        var lines = await LinesAsync(PodStates.Pods, new ObjectKey("shop", "p"), "u1", Pod);
        foreach (var expected in (string[])
        [
            $"kube_pod_info{{{Id},host_ip=\"10.0.0.1\",pod_ip=\"10.1.0.2\",node=\"n1\","
                + "created_by_kind=\"ReplicaSet\",created_by_name=\"web-1\","
                + "priority_class=\"\",host_network=\"false\"} 1",
            $"kube_pod_ips{{{Id},ip=\"fd00::2\",ip_family=\"6\"}} 1",
            $"kube_pod_owner{{{Id},owner_kind=\"ReplicaSet\",owner_name=\"web-1\",owner_is_controller=\"true\"}} 1",
            $"kube_pod_status_phase{{{Id},phase=\"Running\"}} 1",
            $"kube_pod_status_phase{{{Id},phase=\"Pending\"}} 0",
            $"kube_pod_status_ready{{{Id},condition=\"true\"}} 1",
            $"kube_pod_status_ready{{{Id},condition=\"unknown\"}} 0",
            $"kube_pod_created{{{Id}}} 1767225600",
            $"kube_pod_container_info{{{Id},container=\"c\",image_spec=\"web:1\","
                + "image=\"docker.io/web:1\",image_id=\"sha\",container_id=\"containerd://1\"} 1",
            $"{Requests},resource=\"cpu\",unit=\"core\"}} 0.25",
            $"{Requests},resource=\"memory\",unit=\"byte\"}} 67108864",
            $"{Requests},resource=\"nvidia_com_gpu\",unit=\"integer\"}} 1",
            $"kube_pod_container_resource_limits{{{Id},container=\"c\",node=\"n1\",resource=\"cpu\",unit=\"core\"}} 1",
            $"kube_pod_container_status_restarts_total{{{Id},container=\"c\"}} 3",
            "# TYPE kube_pod_container_status_restarts_total counter",
            $"kube_pod_container_status_running{{{Id},container=\"c\"}} 1",
            $"kube_pod_container_status_waiting{{{Id},container=\"c\"}} 0",
            $"kube_pod_container_status_last_terminated_reason{{{Id},container=\"c\",reason=\"OOMKilled\"}} 1",
            $"kube_pod_container_status_last_terminated_exitcode{{{Id},container=\"c\"}} 137",
        ])
        {
            Assert.Contains(expected, lines);
        }

        Assert.DoesNotContain(lines, l => l.StartsWith("kube_pod_status_unschedulable{", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, l => l.StartsWith("kube_pod_init_container_info{", StringComparison.Ordinal));
    }

    /// <summary>All containers and the sandbox together, as the scheduler counts; what has ended counts no more.
    /// </summary>
    [Theory]
    [InlineData("\"nodeName\":\"n1\",", "Running", 1)]
    [InlineData("", "Pending", 1)]
    [InlineData("\"nodeName\":\"n1\",", "Failed", 0)]
    [InlineData("\"nodeName\":\"n1\",", "Succeeded", 0)]
    public async Task PodsTellWhatTheyAreScheduledWith(string node, string phase, int times)
    {
        var lines = await LinesAsync(PodResourceStates.Pods, new ObjectKey("shop", "p"), "u1", $$$$"""
            {"spec":{{{{{node}}}}"schedulerName":"mine","priority":7,"overhead":{"cpu":"50m"},
             "initContainers":[{"name":"i","resources":{"requests":{"memory":"1Gi"}}}],
             "containers":[
              {"name":"c","resources":{"requests":{"cpu":"250m","memory":"64Mi","example.com/none":"0"},
               "limits":{"cpu":1}}},
              {"name":"d","resources":{"requests":{"cpu":"1","hugepages-2Mi":"4Mi","example.com/x":"2"}}}]},
             "status":{"phase":"{{{{phase}}}}"}}
            """);
        var labels = $"namespace=\"shop\",pod=\"p\",node=\"{(node.Length > 0 ? "n1" : "")}\","
            + "scheduler=\"mine\",priority=\"7\"";
        Assert.Equal(
            new[]
            {
                $"kube_pod_resource_limit{{{labels},resource=\"cpu\",unit=\"cores\"}} 1.05",
                $"kube_pod_resource_request{{{labels},resource=\"cpu\",unit=\"cores\"}} 1.3",
                $"kube_pod_resource_request{{{labels},resource=\"example.com/x\",unit=\"\"}} 2",
                $"kube_pod_resource_request{{{labels},resource=\"hugepages-2Mi\",unit=\"bytes\"}} 4194304",
                $"kube_pod_resource_request{{{labels},resource=\"memory\",unit=\"bytes\"}} 1073741824",
            }.Where(_ => times > 0),
            lines.Where(static l => l.StartsWith("kube_", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"schedule":"0 * * * *"}""", "{}", "1767229200")]
    [InlineData("""{"schedule":"0 * * * *"}""", """{"lastScheduleTime":"2026-01-01T05:00:00Z"}""", "1767247200")]
    [InlineData("""{"schedule":"0 3 * * *","timeZone":"Europe/Berlin"}""", "{}", "1767232800")]
    [InlineData("""{"schedule":"0 * * * *","suspend":true}""", "{}", null)]
    [InlineData("""{"schedule":"0 0 31 2 *"}""", "{}", null)]
    [InlineData("""{"schedule":"0 * * * *","timeZone":"Mars/Olympus"}""", "{}", null)]
    public async Task WhenACronJobIsDueNext(string spec, string status, string? expected)
    {
        var lines = await LinesAsync(
            BatchStates.CronJobs, new ObjectKey("shop", "c"), "u",
            $$"""{"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z"},"spec":{{spec}},"status":{{status}}}""");
        Assert.Equal(
            expected is null
                ? [] : [$"kube_cronjob_next_schedule_time{{namespace=\"shop\",cronjob=\"c\"}} {expected}"],
            lines.Where(static l => l.StartsWith("kube_cronjob_next_schedule_time{", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task APodThatWaitsTellsSinceWhenWithSidecarsAndClaimsOfItsOwn()
    {
        const string Id = "namespace=\"shop\",pod=\"p\",uid=\"u1\"";
        var lines = await LinesAsync(PodStates.Pods, new ObjectKey("shop", "p"), "u1", """
            {"metadata":{"name":"p"},
             "spec":{"initContainers":[{"name":"i","image":"x","restartPolicy":"Always"}],
              "volumes":[{"name":"own","ephemeral":{}},
               {"name":"other","persistentVolumeClaim":{"claimName":"c","readOnly":true}}]},
             "status":{"conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated",
              "lastTransitionTime":"2026-01-01T00:00:05Z"}],
              "initContainerStatuses":[{"name":"i","image":"y","imageID":"z"}]}}
            """);
        foreach (var expected in (string[])
        [
            $"kube_pod_status_unscheduled_time{{{Id}}} 1767225605",
            $"kube_pod_init_container_info{{{Id},container=\"i\",image_spec=\"x\",image=\"y\",image_id=\"z\","
                + "container_id=\"\",restart_policy=\"Always\"} 1",
            "kube_pod_spec_volumes_persistentvolumeclaims_info"
                + $"{{{Id},volume=\"own\",persistentvolumeclaim=\"p-own\"}} 1",
            "kube_pod_spec_volumes_persistentvolumeclaims_readonly"
                + $"{{{Id},volume=\"own\",persistentvolumeclaim=\"p-own\"}} 0",
            "kube_pod_spec_volumes_persistentvolumeclaims_readonly"
                + $"{{{Id},volume=\"other\",persistentvolumeclaim=\"c\"}} 1",
            $"kube_pod_status_reason{{{Id},reason=\"SchedulingGated\"}} 1",
            $"kube_pod_status_reason{{{Id},reason=\"Evicted\"}} 0",
        ])
        {
            Assert.Contains(expected, lines);
        }
    }

    [Fact]
    public async Task SharesOfRolloutsAreNumbersOfPods()
    {
        var lines = await LinesAsync(
            WorkloadStates.Deployments, new ObjectKey("shop", "web"), "u",
            """
            {"spec":{"replicas":5,"strategy":{"rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}},
             "status":{"replicas":5}}
            """);
        const string Id = "{namespace=\"shop\",deployment=\"web\"}";
        Assert.Contains($"kube_deployment_spec_strategy_rollingupdate_max_unavailable{Id} 1", lines);
        Assert.Contains($"kube_deployment_spec_strategy_rollingupdate_max_surge{Id} 2", lines);
        Assert.Contains($"kube_deployment_status_replicas_unavailable{Id} 0", lines);
    }

    /// <summary>Names of roles may be almost anything.</summary>
    [Fact]
    public async Task RolesAndWhoHasThemAreTold()
    {
        var binding = await LinesAsync(
            AccessStates.RoleBindings, new ObjectKey("shop", """say "hello" \ world"""), "u",
            """{"metadata":{"resourceVersion":"7"},"roleRef":{"kind":"ClusterRole","name":"view"}}""");
        const string Id = "namespace=\"shop\",rolebinding=\"say \\\"hello\\\" \\\\ world\"";
        Assert.Contains(
            $$"""kube_rolebinding_info{{{Id}},roleref_kind="ClusterRole",roleref_name="view"} 1""", binding);
        Assert.Contains($"kube_rolebinding_metadata_resource_version{{{Id}}} 7", binding);
        var account = await LinesAsync(
            AccessStates.ServiceAccounts, new ObjectKey("shop", "a"), "u1",
            """{"automountServiceAccountToken":false,"imagePullSecrets":[{"name":"one"},{"name":"two"}]}""");
        const string Account = "namespace=\"shop\",serviceaccount=\"a\",uid=\"u1\"";
        Assert.Contains($"kube_serviceaccount_info{{{Account},automount_token=\"false\"}} 1", account);
        Assert.Contains($"kube_serviceaccount_image_pull_secret{{{Account},name=\"two\"}} 1", account);
        Assert.DoesNotContain(
            account, static l => l.StartsWith("kube_serviceaccount_secret{", StringComparison.Ordinal));
    }

    [Fact]
    public async Task EndpointsTellTheirNodesAndWhomTheyAreMeantFor()
    {
        var lines = await LinesAsync(NetworkStates.EndpointSlices, new ObjectKey("shop", "s"), "u", """
            {"addressType":"IPv4","endpoints":[{"addresses":["10.1.0.2"],"conditions":{"ready":true},"nodeName":"n1",
             "zone":"a","hints":{"forZones":[{"name":"a"},{"name":"b"}]}},{"addresses":["10.1.0.3"],"conditions":{}}]}
            """);
        const string Id = "namespace=\"shop\",endpointslice=\"s\",address=\"10.1.0.2\"";
        Assert.Equal(
            [$"{{{Id},for_zone=\"a\"}} 1", $"{{{Id},for_zone=\"b\"}} 1"],
            lines.Where(static l => l.StartsWith("kube_endpointslice_endpoints_hints{", StringComparison.Ordinal))
                .Select(static l => l["kube_endpointslice_endpoints_hints".Length..]));
        Assert.Contains(
            lines, static l => l.Contains("endpoint_nodename=\"n1\",endpoint_zone=\"a\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ClaimsTellSinceWhenAndTheirClassOfAttributes()
    {
        var lines = await LinesAsync(StorageStates.Claims, new ObjectKey("shop", "c"), "u", """
            {"spec":{"volumeAttributesClassName":"fast"},"status":{"phase":"Bound",
             "conditions":[{"type":"Resizing","status":"True","lastTransitionTime":"2026-01-01T00:00:05Z"}],
             "modifyVolumeStatus":{"status":"Pending","targetVolumeAttributesClassName":"fast"}}}
            """);
        const string Prefix = "kube_persistentvolumeclaim_";
        const string Id = "namespace=\"shop\",persistentvolumeclaim=\"c\"";
        foreach (var expected in (string[])
        [
            $"status_condition_last_transition_timestamp_seconds{{{Id},condition=\"Resizing\",status=\"true\"}} "
                + "1767225605",
            $"volume_attributes_class{{{Id},volume_attributes_class=\"fast\"}} 1",
            $"status_modify_volume_status{{{Id},status=\"Pending\",target_volume_attributes_class=\"fast\"}} 1",
        ])
        {
            Assert.Contains(Prefix + expected, lines);
        }

        Assert.DoesNotContain(lines, static l => l.StartsWith(
            $"{Prefix}status_current_volume_attributes_class{{", StringComparison.Ordinal));
    }

    [Fact]
    public void NoNameIsTakenTwice()
    {
        var names = StateTables.All.SelectMany(static t => t.Families).Select(static f => f.Name).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.InRange(names.Count, 150, 400);
    }

    /// <summary>Whatever an object says, a reader of the format gets the same text back.</summary>
    [Fact]
    public Task LabelsAreReadBackAsTheyWere() => Gen.OneOf(
            Gen.String, Gen.String[Gen.Char["\\\"\n\tab{}=,"], 0, 12]).CheckAsync(async text =>
        {
            var clean = text.ReplaceLineEndings("\n").Replace('\r', ' ').Trim('\0');
            if (clean.Any(char.IsSurrogate) || clean.Contains('\0', StringComparison.Ordinal))
            {
                return;
            }

            var json = JsonSerializer.Serialize(new { type = clean });
            var lines = await LinesAsync(ConfigStates.Secrets, new ObjectKey("a", "s"), "u", json);
            var sample = Assert.Single(
                PrometheusText.Read(string.Join('\n', lines)), s => s.Name == "kube_secret_type");
            Assert.Equal(clean, sample.Labels["type"]);
        });

    /// <summary>All kinds over HTTP: each family once, with its help and type before its samples.</summary>
    [Fact]
    public async Task EveryFamilyIsServedOnce()
    {
        await using var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("shop", "settings"), "{}");
        var lines = (await host.Http.GetStringAsync(StateMetricsHandler.Path)).Split('\n')[..^1];
        Assert.Contains("kube_configmap_info{namespace=\"shop\",configmap=\"settings\"} 1", lines);
        var family = "";
        var seen = new HashSet<string>();
        foreach (var line in lines)
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
                Assert.True(seen.Add(family), family);
            }
            else
            {
                Assert.Equal(family, line.StartsWith('#') ? line.Split(' ')[2] : line.Split('{')[0]);
            }
        }

        Assert.Equal(StateTables.All.Sum(static t => t.Families.Count), seen.Count);
    }

    private static async Task<List<string>> LinesAsync(StateTable table, ObjectKey key, string uid, string json)
    {
        var bytes = new MemoryStream();
        var body = PipeWriter.Create(bytes, new StreamPipeWriterOptions(leaveOpen: true));
        await StateMetricsHandler.WriteAsync(
            table, [new ResourceObject(key, uid, 1, Encoding.UTF8.GetBytes(json))], body, CancellationToken.None);
        await body.CompleteAsync();
        return [.. Encoding.UTF8.GetString(bytes.ToArray()).Split('\n')];
    }
}
