using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

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
    /// <param name="labelSelector">The query's label selector, or null.</param>
    public static Outcome<RequestInfo> Read(
        string method, string path, bool watch = false, string? fieldSelector = null, string? labelSelector = null)
    {
        var parts = path.Trim('/').Split('/');
        var isGrouped = parts[0] == "apis";
        if (parts.Length < (isGrouped ? 4 : 3) || (!isGrouped && parts[0] != "api"))
        {
            return new RequestInfo { Path = path, Verb = method.ToLowerInvariant() };
        }

        var read = ReadResource(path, parts, isGrouped, VerbOf(method));
        return read.Succeeded ? Narrow(read.Value, watch, fieldSelector ?? "", labelSelector ?? "") : read;
    }

    private static Outcome<RequestInfo> ReadResource(string path, string[] segments, bool isGrouped, string verb)
    {
        var parts = segments.AsSpan(isGrouped ? 3 : 2);
        if (parts[0] is "proxy" or "watch")
        {
            if (parts.Length < 2)
            {
                return StatusErrors.InternalError($"unable to determine kind and namespace from url, {path}");
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
        return new RequestInfo
        {
            IsResourceRequest = true,
            Path = path,
            ApiPrefix = segments[0],
            Group = isGrouped ? segments[1] : "",
            Version = segments[isGrouped ? 2 : 1],
            Verb = verb,
            IsWatchPath = verb == "watch",
            Namespace = space,
            Resource = parts[0],
            Name = name,
            Subresource = parts.Length > 2 && verb != "proxy" ? parts[2] : "",
            Parts = parts.ToArray(),
        };
    }

    /// <summary>
    /// A get without a name is a list or watch, a delete without one a deletecollection; those are authorized with
    /// their selectors. The old paths that name a watch themselves have none.
    /// </summary>
    private static RequestInfo Narrow(RequestInfo info, bool watch, string fieldSelector, string labelSelector)
    {
        if (info.Name.Length > 0 || info.Verb is not ("get" or "delete"))
        {
            return info;
        }

        var isRead = info.Verb == "get";
        return info with
        {
            Verb = !isRead ? "deletecollection" : watch ? "watch" : "list",
            Name = isRead ? NameIn(fieldSelector) : "",
            FieldSelector = fieldSelector,
            LabelSelector = labelSelector,
        };
    }

    /// <summary>
    /// The name that <c>metadata.name=x</c> selects: authorization may then grant a list or watch of that one object.
    /// </summary>
    private static string NameIn(string fieldSelector)
    {
        var name = FieldSelector.ReadTerms(fieldSelector)
            .FirstOrDefault(t => !t.Negated && t.Label == "metadata.name").Value;
        return name is not null && IsPathSegmentName(name) ? name : "";
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
