using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// One way to be allowed to act as somebody else. A narrow mode needs <c>impersonate-on:MODE:VERB</c> for what is done
/// and <c>impersonate:MODE</c> for each part of the wanted user; the old one needs <c>impersonate</c> for each part.
/// </summary>
internal abstract class ImpersonationMode(ImpersonationRights rights)
{
    protected const string AuthenticationGroup = "authentication.k8s.io";

    /// <summary>From so many groups or extra values on, one right for all of them is asked for first.</summary>
    private const int Many = 4;

    /// <summary>What it is counted under.</summary>
    public abstract string Name { get; }

    /// <summary>The verb that each part of the wanted user needs.</summary>
    protected abstract string Verb { get; }

    /// <summary>False for the old mode, which is as lenient as it has always been.</summary>
    protected virtual bool IsNarrow => true;

    /// <summary>What the audit log is told of the right that was used; empty for the old one.</summary>
    public string Constraint => IsNarrow ? Verb : "";

    /// <summary>All modes, in the order in which they are tried.</summary>
    public static ImpersonationMode[] All(ImpersonationRights rights) =>
    [
        new Narrow(rights, "associated-node", IsOwnNode, isOwnNode: true),
        new Narrow(rights, "arbitrary-node", static (target, _) => IsBare(target) && NodeOf(target.Name) is not null),
        new Narrow(
            rights,
            "serviceaccount",
            static (target, _) => IsBare(target) && SystemNames.SplitServiceAccount(target.Name) is not null),
        new Narrow(
            rights,
            "user-info",
            static (target, _) => NodeOf(target.Name) is null && SystemNames.SplitServiceAccount(target.Name) is null),
        new Old(rights),
    ];

    /// <summary>Whether the mode can be meant at all.</summary>
    public abstract bool Applies(UserIdentity target, UserIdentity sender);

    /// <summary>The user to act as, or the refusal.</summary>
    public virtual async ValueTask<Outcome<UserIdentity>> CheckAsync(
        UserIdentity target, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        var sender = wanted.User;
        var refusal = await RefuseNameAsync(target, sender, cancellationToken)
            ?? await RefuseUidAsync(target.Uid, sender, cancellationToken)
            ?? await RefuseGroupsAsync(target.Groups, sender, cancellationToken)
            ?? await RefuseExtraAsync(target.Extra, sender, cancellationToken);
        return refusal is null ? Complete(target) : refusal;
    }

    /// <summary>Null when it is allowed.</summary>
    protected ValueTask<Status?> RefuseAsync(AuthorizationAttributes wanted, CancellationToken cancellationToken) =>
        rights.RefuseAsync(Name, wanted, cancellationToken);

    /// <summary>The name under which the right to a node is asked for.</summary>
    protected virtual string NameOfNode(string node) => node;

    /// <summary>The sender, as the authorizers see them.</summary>
    protected virtual UserIdentity Seen(UserIdentity sender) => sender;

    private string UserGroup => IsNarrow ? AuthenticationGroup : "";

    private AuthorizationAttributes Part(UserIdentity sender, string group, string resource, string name) => new()
    {
        User = Seen(sender), Verb = Verb, Group = group, Version = "v1", Resource = resource, Name = name,
    };

    private ValueTask<Status?> RefuseNameAsync(
        UserIdentity target, UserIdentity sender, CancellationToken cancellationToken)
    {
        var part = Part(sender, UserGroup, "users", target.Name);
        if (SystemNames.SplitServiceAccount(target.Name) is { } account)
        {
            part = part with { Resource = "serviceaccounts", Namespace = account.Namespace, Name = account.Name };
        }
        else if (IsNarrow && NodeOf(target.Name) is { } node)
        {
            part = part with { Resource = "nodes", Name = NameOfNode(node) };
        }

        return RefuseAsync(part, cancellationToken);
    }

    private ValueTask<Status?> RefuseUidAsync(string uid, UserIdentity sender, CancellationToken cancellationToken) =>
        uid.Length == 0
            ? new((Status?)null)
            : RefuseAsync(Part(sender, AuthenticationGroup, "uids", uid), cancellationToken);

    private async ValueTask<Status?> RefuseGroupsAsync(
        IReadOnlyList<string> groups, UserIdentity sender, CancellationToken cancellationToken)
    {
        var part = Part(sender, UserGroup, "groups", "");
        if (IsNarrow && groups.Contains(""))
        {
            return Refusals.Forbidden(part, "impersonating the empty string group is not allowed");
        }

        if (IsNarrow && groups.Contains(SystemNames.Masters))
        {
            return Refusals.Forbidden(
                part with { Name = SystemNames.Masters }, "impersonating the system:masters group is not allowed");
        }

        if (IsNarrow && groups.Count >= Many && await RefuseAsync(part with { Name = "*" }, cancellationToken) is null)
        {
            return null;
        }

        foreach (var group in groups)
        {
            if (await RefuseAsync(part with { Name = group }, cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private async ValueTask<Status?> RefuseExtraAsync(
        IReadOnlyDictionary<string, IReadOnlyList<string>> extra, UserIdentity sender,
        CancellationToken cancellationToken)
    {
        var part = Part(sender, AuthenticationGroup, "userextras", "");
        if (IsNarrow && WhyBad(extra) is { } why)
        {
            return Refusals.Forbidden(part, why);
        }

        if (IsNarrow
            && extra.Sum(e => Math.Max(1, e.Value.Count)) >= Many
            && await RefuseAsync(part with { Subresource = "*", Name = "*" }, cancellationToken) is null)
        {
            return null;
        }

        foreach (var (key, value) in extra.SelectMany(e => e.Value.Select(v => (e.Key, v))))
        {
            if (await RefuseAsync(part with { Subresource = key, Name = value }, cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private static string? WhyBad(IReadOnlyDictionary<string, IReadOnlyList<string>> extra)
    {
        foreach (var (key, values) in extra)
        {
            if (key.Length == 0)
            {
                return "impersonating the empty string key in extra is not allowed";
            }

            var errors = new FieldErrors();
            NameRules.ValidateDomainPrefixedPath(FieldPath.Of("extra", "key"), key, errors);
            if (errors.Count > 0)
            {
                return $"impersonating an invalid key in extra is not allowed: {errors.ToText()}";
            }

            if (key.Any(char.IsUpper))
            {
                return $"impersonating a non-lowercase key in extra is not allowed: {GoText.Quote(key)}";
            }

            if (values.Contains(""))
            {
                return "impersonating the empty string value in extra is not allowed";
            }
        }

        return null;
    }

    /// <summary>The user with the groups that go without saying.</summary>
    private UserIdentity Complete(UserIdentity target)
    {
        var groups = target.Groups;
        if (groups.Count == 0 && SystemNames.SplitServiceAccount(target.Name) is { } account)
        {
            groups = SystemNames.GroupsOfServiceAccount(account.Namespace);
        }
        else if (groups.Count == 0 && IsNarrow && NodeOf(target.Name) is not null)
        {
            groups = [SystemNames.Nodes];
        }

        var implied = target.Name == SystemNames.Anonymous || groups.Contains(SystemNames.Unauthenticated)
            ? SystemNames.Unauthenticated
            : SystemNames.Authenticated;
        return target with { Groups = groups.Contains(implied) ? groups : [.. groups, implied] };
    }

    private static string? NodeOf(string user) =>
        user.StartsWith(SystemNames.NodePrefix, StringComparison.Ordinal)
            && NameChecks.IsDnsSubdomain(user.AsSpan(SystemNames.NodePrefix.Length))
            ? user[SystemNames.NodePrefix.Length..]
            : null;

    private static bool IsBare(UserIdentity target) => target is { Uid: "", Groups: [], Extra.Count: 0 };

    private static bool IsOwnNode(UserIdentity target, UserIdentity sender) =>
        IsBare(target)
            && NodeOf(target.Name) is { } node
            && SystemNames.NodeOfServiceAccount(sender) == node;

    /// <summary>The right for a kind of user, and for what is done.</summary>
    private sealed class Narrow(
        ImpersonationRights rights, string mode, Func<UserIdentity, UserIdentity, bool> applies, bool isOwnNode = false)
        : ImpersonationMode(rights)
    {
        public override string Name => mode;

        protected override string Verb => $"impersonate:{mode}";

        public override bool Applies(UserIdentity target, UserIdentity sender) => applies(target, sender);

        public override async ValueTask<Outcome<UserIdentity>> CheckAsync(
            UserIdentity target, AuthorizationAttributes wanted, CancellationToken cancellationToken)
        {
            var on = wanted with { User = Seen(wanted.User), Verb = $"impersonate-on:{mode}:{wanted.Verb}" };
            return await RefuseAsync(on, cancellationToken) is { } refusal
                ? refusal
                : await base.CheckAsync(target, wanted, cancellationToken);
        }

        // The right to one's own node is a right to whichever that is.
        protected override string NameOfNode(string node) => isOwnNode ? "*" : node;

        protected override UserIdentity Seen(UserIdentity sender) => !isOwnNode ? sender : sender with
        {
            Extra = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
            {
                ["authentication.kubernetes.io/associated-node-keys"] = [.. sender.Extra.Keys.Order(
                    StringComparer.Ordinal)],
            },
        };
    }

    /// <summary>The right <c>impersonate</c>, whatever is done.</summary>
    private sealed class Old(ImpersonationRights rights) : ImpersonationMode(rights)
    {
        public override string Name => "legacy";

        protected override string Verb => "impersonate";

        protected override bool IsNarrow => false;

        public override bool Applies(UserIdentity target, UserIdentity sender) => true;
    }
}
