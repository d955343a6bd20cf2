using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// Which requests a FlowSchema takes (upstream's <c>flowcontrol/rule.go</c>): any of its rules that has the user among
/// its subjects and what is asked among its resources or paths.
/// </summary>
internal sealed class FlowRules(V1FlowSchema schema)
{
    private const string All = "*";
    private const string AccountPrefix = "system:serviceaccount:";

    private readonly Rule[] _rules = [.. (schema.Spec?.Rules ?? []).Select(static r => new Rule(r))];

    /// <summary>Whether the request is one of these.</summary>
    public bool Match(RequestInfo request, UserIdentity user)
    {
        foreach (var rule in _rules)
        {
            if (rule.HasSubject(user)
                && (request.IsResourceRequest ? rule.HasResource(request) : rule.HasPath(request)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAll(string[] names) => names is [All];

    private static bool Has(string[] names, string name) => IsAll(names) || Array.IndexOf(names, name) >= 0;

    private sealed class Rule(V1PolicyRulesWithSubjects rule)
    {
        private readonly Flowcontrolv1Subject[] _subjects = [.. rule.Subjects ?? []];
        private readonly Resources[] _resources = [.. (rule.ResourceRules ?? []).Select(static r => new Resources(r))];
        private readonly Paths[] _paths = [.. (rule.NonResourceRules ?? []).Select(static r => new Paths(r))];

        public bool HasSubject(UserIdentity user)
        {
            foreach (var subject in _subjects)
            {
                if (Names(subject, user))
                {
                    return true;
                }
            }

            return false;
        }

        public bool HasResource(RequestInfo request)
        {
            foreach (var resources in _resources)
            {
                if (resources.Match(request))
                {
                    return true;
                }
            }

            return false;
        }

        public bool HasPath(RequestInfo request)
        {
            foreach (var paths in _paths)
            {
                if (paths.Match(request))
                {
                    return true;
                }
            }

            return false;
        }

        private static bool Names(Flowcontrolv1Subject subject, UserIdentity user) => subject.Kind switch
        {
            "User" => subject.User is { } named && (named.Name == All || named.Name == user.Name),
            "Group" => subject.Group is { } group && (group.Name == All || IsIn(group.Name, user)),
            "ServiceAccount" => subject.ServiceAccount is { } account && IsAccount(account, user.Name),
            _ => false,
        };

        private static bool IsIn(string group, UserIdentity user)
        {
            var groups = user.Groups;
            for (var i = 0; i < groups.Count; i++)
            {
                if (groups[i] == group)
                {
                    return true;
                }
            }

            return false;
        }

        /// <summary>The user's name is <c>system:serviceaccount:NAMESPACE:NAME</c>.</summary>
        private static bool IsAccount(V1ServiceAccountSubject account, string user)
        {
            if (!user.StartsWith(AccountPrefix, StringComparison.Ordinal))
            {
                return false;
            }

            var rest = user.AsSpan(AccountPrefix.Length);
            var space = account.NamespaceProperty.AsSpan();
            return rest.Length > space.Length
                && rest.StartsWith(space)
                && rest[space.Length] == ':'
                && (account.Name == All || rest[(space.Length + 1)..].SequenceEqual(account.Name));
        }
    }

    private sealed class Resources(V1ResourcePolicyRule rule)
    {
        private readonly string[] _verbs = [.. rule.Verbs ?? []];
        private readonly string[] _groups = [.. rule.ApiGroups ?? []];
        private readonly string[] _resources = [.. rule.Resources ?? []];
        private readonly string[] _namespaces = [.. rule.Namespaces ?? []];
        private readonly bool _clusterScope = rule.ClusterScope == true;

        public bool Match(RequestInfo request) =>
            Has(_verbs, request.Verb)
            && HasResource(request)
            && Has(_groups, request.Group)
            && (request.Namespace.Length == 0 ? _clusterScope : Has(_namespaces, request.Namespace));

        private bool HasResource(RequestInfo request)
        {
            if (request.Subresource.Length == 0 || IsAll(_resources))
            {
                return Has(_resources, request.Resource);
            }

            foreach (var name in _resources)
            {
                if (name.Length == request.Resource.Length + 1 + request.Subresource.Length
                    && name[request.Resource.Length] == '/'
                    && name.StartsWith(request.Resource, StringComparison.Ordinal)
                    && name.EndsWith(request.Subresource, StringComparison.Ordinal))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>A path stands for itself and all below it, with or without a star.</summary>
    private sealed class Paths(V1NonResourcePolicyRule rule)
    {
        private readonly string[] _verbs = [.. rule.Verbs ?? []];

        private readonly (string Path, string Below)[] _paths =
            [.. (rule.NonResourceURLs ?? []).Select(static p => (p, Below(p)))];

        public bool Match(RequestInfo request)
        {
            if (!Has(_verbs, request.Verb))
            {
                return false;
            }

            foreach (var (path, below) in _paths)
            {
                if (path == All || path == request.Path || request.Path.StartsWith(below, StringComparison.Ordinal))
                {
                    return true;
                }
            }

            return false;
        }

        private static string Below(string path)
        {
            var stem = path.EndsWith('*') ? path[..^1] : path;
            return stem.EndsWith('/') ? stem : stem + "/";
        }
    }
}
