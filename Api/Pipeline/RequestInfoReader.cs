using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>Reads a <see cref="RequestInfo"/> from method, path and query.</summary>
public static class RequestInfoReader
{
    /// <summary>
    /// Subresources of a namespace itself: <c>/namespaces/x/status</c> does not name a resource "status" in namespace
    /// x.
    /// </summary>
    private static readonly string[] NamespaceSubresources = ["status", "finalize"];

    /// <summary>Reads a request. The query tells list from watch, and a list narrowed to one name.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Decoded path.</param>
    /// <param name="watch">The query asks for a watch.</param>
    /// <param name="fieldSelector">The query's field selector, or null.</param>
    public static Outcome<RequestInfo> Read(
        string method, string path, bool watch = false, string? fieldSelector = null)
    {
        var other = new RequestInfo { Path = path, Verb = method.ToLowerInvariant() };
        var parts = path.Trim('/').Split('/');
        if (parts.Length < 3 || parts[0] is not ("api" or "apis"))
        {
            return other;
        }

        var grouped = parts[0] == "apis";
        if (grouped && parts.Length < 4)
        {
            return other;
        }

        return ReadResource(
            other with
            {
                IsResourceRequest = true,
                ApiPrefix = parts[0],
                Group = grouped ? parts[1] : "",
                Version = grouped ? parts[2] : parts[1],
            },
            method,
            parts.AsSpan(grouped ? 3 : 2),
            watch,
            fieldSelector);
    }

    private static Outcome<RequestInfo> ReadResource(
        RequestInfo info, string method, ReadOnlySpan<string> parts, bool watch, string? fieldSelector)
    {
        var verb = VerbOf(method);
        if (parts[0] is "proxy" or "watch")
        {
            if (parts.Length < 2)
            {
                return StatusErrors.InternalError($"unable to determine kind and namespace from url, {info.Path}");
            }

            verb = parts[0];
            parts = parts[1..];
        }

        var space = "";
        if (parts[0] == "namespaces" && parts.Length > 1)
        {
            space = parts[1];
            if (parts.Length > 2 && !NamespaceSubresources.Contains(parts[2]))
            {
                parts = parts[2..];
            }
        }

        var name = parts.Length > 1 ? parts[1] : "";
        return Narrow(
            info with
            {
                Verb = verb,
                Namespace = space,
                Resource = parts[0],
                Name = name,
                Subresource = parts.Length > 2 && verb != "proxy" ? parts[2] : "",
                Parts = parts.ToArray(),
            },
            watch,
            fieldSelector);
    }

    /// <summary>A get without a name is a list or watch, a delete without one a deletecollection.</summary>
    private static RequestInfo Narrow(RequestInfo info, bool watch, string? fieldSelector)
    {
        if (info.Name.Length > 0)
        {
            return info;
        }

        return info.Verb switch
        {
            "get" => info with { Verb = watch ? "watch" : "list", Name = NameIn(fieldSelector) },
            "watch" => info with { Name = NameIn(fieldSelector) },
            "delete" => info with { Verb = "deletecollection", Name = NameIn(fieldSelector) },
            _ => info,
        };
    }

    /// <summary>
    /// The name that <c>metadata.name=x</c> selects: authorization may then grant a list or watch of that one object.
    /// </summary>
    private static string NameIn(string? fieldSelector)
    {
        const string Field = "metadata.name";
        foreach (var term in (fieldSelector ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (term.StartsWith(Field, StringComparison.Ordinal)
                && term.AsSpan(Field.Length).TrimStart() is ['=', .. var rest])
            {
                var name = rest.TrimStart('=').Trim().ToString();
                return IsPathSegmentName(name) ? name : "";
            }
        }

        return "";
    }

    private static bool IsPathSegmentName(string name) =>
        name.Length > 0 && name is not ("." or "..") && !name.Contains('/', StringComparison.Ordinal) &&
        !name.Contains('%', StringComparison.Ordinal);

    private static string VerbOf(string method) => method switch
    {
        "GET" or "HEAD" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    };
}
