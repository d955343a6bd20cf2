using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.TestKit.Remote;

namespace OrleansOrchestrator.Golden.Aggregation;

/// <summary>
/// An API server as people write them to stand behind another one: it keeps ships of namespaces in memory, believes
/// what proxies say that its ConfigMap names, and nobody else.
/// </summary>
internal sealed class ShipServer(X509Certificate2 authority, string[] allowedNames)
{
    public const string Group = "harbour.example.com";

    private const string Root = $"/apis/{Group}/v1";
    private const string Json = "application/json";

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, JsonObject> _ships = new(StringComparer.Ordinal);
    private readonly List<(long Revision, string Space, string Event)> _log = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Who asked for ships.</summary>
    public HashSet<string> Users { get; } = [];

    public async Task AnswerAsync(TestRemote _, HttpContext context)
    {
        if (!IsProxy(context.Connection.ClientCertificate))
        {
            await RefuseAsync(context, 401, "Unauthorized", "no proxy");
            return;
        }

        var path = context.Request.Path.Value!;
        if (Documents.Find(path) is { } document)
        {
            await WriteAsync(context, 200, document);
        }
        else if (path.StartsWith(Root + "/", StringComparison.Ordinal))
        {
            await ShipsAsync(context, path[(Root.Length + 1)..].Split('/'));
        }
        else
        {
            context.Response.StatusCode = path == "/apis" ? 406 : 404;
        }
    }

    private bool IsProxy(X509Certificate2? shown)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return shown is not null && chain.Build(shown)
            && allowedNames.Contains(shown.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
    }

    private Task ShipsAsync(HttpContext context, string[] steps)
    {
        lock (_lock)
        {
            Users.Add(context.Request.Headers["X-Remote-User"].ToString());
        }

        var method = context.Request.Method;
        return steps switch
        {
            ["namespaces", var space, "ships", var name, "exec"] => TalkAsync(context, $"{space}/{name}"),
            ["namespaces", var space, "ships"] when context.Request.Query.ContainsKey("watch") =>
                WatchAsync(context, space),
            ["namespaces", var space, "ships"] => method switch
            {
                "GET" => ListAsync(context, space),
                "POST" => CreateAsync(context, space),
                _ => EmptyAsync(context, space),
            },
            ["namespaces", var space, "ships", var name] => method switch
            {
                "GET" => GetAsync(context, space, name),
                "PATCH" => PatchAsync(context, space, name),
                _ => DeleteAsync(context, space, name),
            },
            _ => RefuseAsync(context, 404, "NotFound", "no such path"),
        };
    }

    private Task ListAsync(HttpContext context, string space)
    {
        lock (_lock)
        {
            var items = _ships.Where(s => s.Key.StartsWith(space + "/", StringComparison.Ordinal))
                .Select(s => s.Value.DeepClone());
            return WriteAsync(context, 200, new JsonObject
            {
                ["kind"] = "ShipList", ["apiVersion"] = $"{Group}/v1",
                ["metadata"] = new JsonObject { ["resourceVersion"] = $"{_log.Count}" },
                ["items"] = new JsonArray([.. items]),
            }.ToJsonString());
        }
    }

    private Task GetAsync(HttpContext context, string space, string name)
    {
        lock (_lock)
        {
            return _ships.TryGetValue($"{space}/{name}", out var ship)
                ? WriteAsync(context, 200, ship.ToJsonString())
                : RefuseAsync(context, 404, "NotFound", $"ships.{Group} \"{name}\" not found");
        }
    }

    private async Task CreateAsync(HttpContext context, string space)
    {
        var ship = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
        var metadata = ship["metadata"]!;
        metadata["namespace"] = space;
        metadata["uid"] = Guid.NewGuid().ToString("D");
        metadata["creationTimestamp"] = "2001-01-01T00:00:00Z";
        await WriteAsync(context, 201, Put(space, (string)metadata["name"]!, ship, "ADDED"));
    }

    private async Task PatchAsync(HttpContext context, string space, string name)
    {
        var patch = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
        JsonObject ship;
        lock (_lock)
        {
            ship = (JsonObject)_ships[$"{space}/{name}"].DeepClone();
        }

        Merge(ship, patch);
        await WriteAsync(context, 200, Put(space, name, ship, "MODIFIED"));
    }

    private Task DeleteAsync(HttpContext context, string space, string name)
    {
        Remove(space, name);
        return WriteAsync(context, 200, """{"kind":"Status","apiVersion":"v1","status":"Success"}""");
    }

    private Task EmptyAsync(HttpContext context, string space)
    {
        lock (_lock)
        {
            foreach (var key in _ships.Keys.Where(k => k.StartsWith(space + "/", StringComparison.Ordinal)).ToList())
            {
                Remove(space, key[(space.Length + 1)..]);
            }
        }

        return WriteAsync(context, 200, """{"kind":"Status","apiVersion":"v1","status":"Success"}""");
    }

    private async Task WatchAsync(HttpContext context, string space)
    {
        context.Response.ContentType = Json;
        long seen = int.TryParse(context.Request.Query["resourceVersion"], out var from) ? from : 0;
        while (!context.RequestAborted.IsCancellationRequested)
        {
            Task changed;
            List<(long Revision, string Space, string Event)> news;
            lock (_lock)
            {
                news = [.. _log.Where(l => l.Revision > seen && l.Space == space)];
                changed = _changed.Task;
            }

            foreach (var (revision, _, line) in news)
            {
                await context.Response.WriteAsync(line + "\n", context.RequestAborted);
                seen = revision;
            }

            await context.Response.Body.FlushAsync(context.RequestAborted);
            await changed.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task TalkAsync(HttpContext context, string ship)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[100];
        var heard = await socket.ReceiveAsync(buffer, default);
        await socket.SendAsync(
            Encoding.UTF8.GetBytes($"{ship} heard {Encoding.UTF8.GetString(buffer, 0, heard.Count)}"),
            WebSocketMessageType.Text, true, default);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", default);
    }

    private string Put(string space, string name, JsonObject ship, string type)
    {
        lock (_lock)
        {
            _ships[$"{space}/{name}"] = ship;
            return Log(space, ship, type);
        }
    }

    private void Remove(string space, string name)
    {
        lock (_lock)
        {
            if (_ships.Remove($"{space}/{name}", out var ship))
            {
                Log(space, ship, "DELETED");
            }
        }
    }

    private string Log(string space, JsonObject ship, string type)
    {
        ship["metadata"]!["resourceVersion"] = $"{_log.Count + 1}";
        var json = ship.ToJsonString();
        _log.Add((_log.Count + 1, space, $"{{\"type\":\"{type}\",\"object\":{json}}}"));
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return json;
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject inner && target[name] is JsonObject known)
            {
                Merge(known, inner);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }

    private static Task RefuseAsync(HttpContext context, int code, string reason, string message) =>
        WriteAsync(context, code, new JsonObject
        {
            ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Failure", ["code"] = code, ["reason"] = reason,
            ["message"] = message,
        }.ToJsonString());

    private static Task WriteAsync(HttpContext context, int code, string json)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = Json;
        return context.Response.WriteAsync(json);
    }

    /// <summary>What the server says of itself: the old discovery, and OpenAPI.</summary>
    private static class Documents
    {
        private const string Kind = """{"group":"harbour.example.com","version":"v1","kind":"Ship"}""";

        private const string List = """
            {"kind":"APIResourceList","apiVersion":"v1","groupVersion":"harbour.example.com/v1","resources":[
            {"name":"ships","singularName":"ship","namespaced":true,"kind":"Ship","shortNames":["sh"],
            "verbs":["create","delete","deletecollection","get","list","patch","watch"]},
            {"name":"ships/exec","singularName":"","namespaced":true,"kind":"Ship","verbs":["get"]}]}
            """;

        private const string Index = """
            {"paths":{"apis/harbour.example.com/v1":
            {"serverRelativeURL":"/openapi/v3/apis/harbour.example.com/v1?hash=1"}}}
            """;

        private const string OpenApi = """
            {"openapi":"3.0.0","info":{"title":"Ships","version":"v1"},"paths":{
            "/apis/harbour.example.com/v1/namespaces/{namespace}/ships/{name}":{"patch":{
            "x-kubernetes-action":"patch","x-kubernetes-group-version-kind":KIND,"parameters":[
            {"name":"fieldValidation","in":"query","schema":{"type":"string"}}],
            "responses":{"200":{"description":"OK"}}}}},
            "components":{"schemas":{"com.example.harbour.v1.Ship":{"type":"object",
            "description":"A ship of the harbour.","x-kubernetes-group-version-kind":[KIND],
            "properties":{"apiVersion":{"type":"string"},"kind":{"type":"string"},"metadata":{"type":"object"},
            "spec":{"type":"object","properties":{"masts":{"type":"integer","description":"How many it has."}}}}}}}}
            """;

        public static string? Find(string path) => path switch
        {
            Root => List,
            "/openapi/v3" => Index,
            $"/openapi/v3{Root}" => OpenApi.Replace("KIND", Kind, StringComparison.Ordinal),
            _ => null,
        };
    }
}
