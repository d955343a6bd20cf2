using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// What upstream's kubelet tells those who look into it: its single health checks, its settings (<c>/configz</c>), and
/// which containers the runtime runs (<c>/runningpods</c>), by way of the API's <c>nodes/NAME/proxy</c>.
/// </summary>
public sealed class DebugEndpoints(NodeAgentOptions options, IPodRegistry pods)
{
    /// <summary>Names of upstream's checks; all of them hold as long as somebody answers.</summary>
    private static readonly string[] Checks = ["ping", "log", "syncloop"];

    /// <summary>Adds the endpoints.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var check in Checks)
        {
            routes.Map($"/healthz/{check}", static context => context.Response.WriteAsync("ok"));
        }

        routes.Map("/configz", context => WriteAsync(context, ConfigurationView.Of(options).ToJsonString()));
        routes.Map("/runningpods", context => WriteAsync(context, KubernetesJson.Serialize(Running())));
    }

    /// <summary>Pods of which a container runs, with these alone.</summary>
    public V1PodList Running() => new()
    {
        ApiVersion = "v1",
        Kind = "PodList",
        Items =
        [
            .. pods.List().Select(p => pods.FindByUid(p.Metadata.Uid)).OfType<PodEntry>()
                .Where(static e => e.Runtime.AnyRunning).Select(RunningPart),
        ],
    };

    private static V1Pod RunningPart(PodEntry entry) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = entry.Pod.Metadata.Name,
            NamespaceProperty = entry.Pod.Metadata.NamespaceProperty,
            Uid = entry.Pod.Metadata.Uid,
        },
        Spec = new V1PodSpec
        {
            Containers =
            [
                .. entry.Runtime.Containers.Where(static c => c.IsRunning)
                    .Select(static c => new V1Container { Name = c.Name, Image = c.Image }),
            ],
        },
    };

    private static Task WriteAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json, context.RequestAborted);
    }
}
