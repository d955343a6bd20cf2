using System.Text.RegularExpressions;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>What boards and alerts that were made for upstream ask the API for.</summary>
public sealed partial class MetricsAnswersTests
{
    private const string Space = "/api/v1/namespaces/default";

    /// <summary>With the labels and buckets by which kubernetes-mixin selects.</summary>
    private static readonly string[] Wanted =
    [
        "apiserver_request_total{resource=configmaps,verb=POST,scope=resource,code=201,dry_run=,version=v1}",
        "apiserver_request_total{resource=configmaps,verb=POST,code=201,dry_run=All}",
        "apiserver_request_total{resource=configmaps,verb=APPLY,code=201}",
        "apiserver_request_total{resource=configmaps,verb=DELETE,scope=namespace,code=200}",
        "apiserver_request_duration_seconds_bucket{resource=configmaps,verb=LIST,scope=namespace,le=0.1}",
        "apiserver_request_sli_duration_seconds_bucket{resource=configmaps,verb=GET,scope=resource,le=1}",
        "apiserver_request_sli_duration_seconds_bucket{resource=configmaps,verb=LIST,scope=namespace,le=5}",
        "apiserver_request_sli_duration_seconds_bucket{resource=configmaps,verb=LIST,scope=namespace,le=30}",
        "apiserver_request_sli_duration_seconds_count{resource=configmaps,verb=DELETE}",
        "apiserver_response_sizes_bucket{resource=configmaps,verb=LIST,le=10000}",
        "apiserver_current_inflight_requests{request_kind=readOnly}",
        "apiserver_current_inflight_requests{request_kind=mutating}",
        "apiserver_requested_deprecated_apis{group=,version=v1,resource=componentstatuses,removed_release=}",
        "apiserver_admission_controller_admission_duration_seconds_bucket{name=NamespaceLifecycle,"
            + "type=admit,operation=CREATE,rejected=false,le=2.5}",
        "apiserver_admission_step_admission_duration_seconds_count{type=validate,operation=CREATE,"
            + "rejected=false}",
        "kubernetes_build_info{git_version=v1.36.0,major=1,minor=36}",
        "process_resident_memory_bytes{}",
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>What is counted of a request may be there a little after its answer.</summary>
    [Fact]
    public async Task SeriesAreThere()
    {
        await using var server = await Server.StartAsync();
        await server.MakeAsync($"{Space}/configmaps", """{"metadata":{"name":"a"}}""");
        await server.MakeAsync($"{Space}/configmaps?dryRun=All", """{"metadata":{"name":"b"}}""");
        await server.SendAsync(
            "PATCH", $"{Space}/configmaps/c?fieldManager=x",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}""", "application/apply-patch+yaml");
        await server.SendAsync("GET", $"{Space}/configmaps/a");
        await server.SendAsync("GET", $"{Space}/configmaps");
        await server.SendAsync("GET", "/api/v1/componentstatuses");
        await server.SendAsync("DELETE", $"{Space}/configmaps");

        Assert.Empty(await Patiently.LastAsync(
            Patience, () => MissingAsync(server), static missing => missing.Length == 0));
    }

    private static async Task<string[]> MissingAsync(Server server)
    {
        var text = (string)(await server.SendAsync("GET", "/metrics")).Body!;
        var series = text.Split('\n').Where(static l => l.Length > 0 && l[0] != '#').Select(Parse).ToList();
        return [.. Wanted.Where(w => !IsAmong(series, Parse(w)))];
    }

    private static bool IsAmong(
        List<(string Name, HashSet<KeyValuePair<string, string>> Labels)> series,
        (string Name, HashSet<KeyValuePair<string, string>> Labels) wanted) =>
        series.Exists(s => s.Name == wanted.Name && wanted.Labels.IsSubsetOf(s.Labels));

    private static (string Name, HashSet<KeyValuePair<string, string>> Labels) Parse(string line)
    {
        var labels = Label().Matches(line).Select(static m =>
            KeyValuePair.Create(m.Groups["name"].Value, m.Groups["value"].Value.Trim('"')));
        return (line.Split('{', ' ')[0], [.. labels]);
    }

    [GeneratedRegex("""(?<=[{,])(?<name>\w+)=(?<value>"[^"]*"|[^,}]*)""")]
    private static partial Regex Label();
}
