using k8s;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Bootstrap;
using OrleansOrchestrator.Grains.Rbac.ClusterRoles;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.FlowControl;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Rbac;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Bootstrap;

/// <summary>Built-in roles, bindings and flow control are mended as upstream does.</summary>
public sealed class RuleUpkeepTests
{
    private const string Role = "system:basic-user";

    private readonly World _world = new();

    [Fact]
    public async Task What_is_as_it_must_be_is_not_written()
    {
        await EnsureAsync();
        var before = _world.Api.Writes;
        await EnsureAsync();
        Assert.Equal(before, _world.Api.Writes);
    }

    /// <summary>The defaults that the server fills in are no difference.</summary>
    [Fact]
    public void What_the_server_made_of_it_needs_no_mending()
    {
        Assert.All(
            BootstrapPolicy.ClusterRoles, r => Assert.Equal(UpkeepAction.None, RoleUpkeep.Mend(Stored(r), r)));
        Assert.All(BootstrapPolicy.Roles, r => Assert.Equal(UpkeepAction.None, RoleUpkeep.Mend(Stored(r), r)));
        Assert.All(
            BootstrapPolicy.ClusterRoleBindings, b => Assert.Equal(UpkeepAction.None, RoleUpkeep.Mend(Stored(b), b)));
        Assert.All(BootstrapPolicy.RoleBindings, b => Assert.Equal(UpkeepAction.None, RoleUpkeep.Mend(Stored(b), b)));
        Assert.All(
            BuiltInFlowControl.PriorityLevels,
            l => Assert.Equal(UpkeepAction.None, FlowControlUpkeep.Mend(Stored(l), l)));
        Assert.All(
            BuiltInFlowControl.FlowSchemas,
            s => Assert.Equal(UpkeepAction.None, FlowControlUpkeep.Mend(Stored(s), s)));
    }

    [Fact]
    public async Task Missing_rules_come_back_and_extra_ones_stay()
    {
        await EnsureAsync();
        var extra = new V1PolicyRule { Verbs = ["get"], ApiGroups = ["example.com"], Resources = ["boats"] };
        _world.Api.Change<V1ClusterRole>("", Role, r =>
        {
            r.Rules = [r.Rules[0], extra];
            r.Metadata.Labels = new Dictionary<string, string> { ["mine"] = "yes" };
            r.AggregationRule = new V1AggregationRule { ClusterRoleSelectors = [new V1LabelSelector()] };
        });
        await EnsureAsync();
        var role = _world.Api.Find<V1ClusterRole>("", Role)!;
        Assert.Equal(
            ["selfsubjectaccessreviews,selfsubjectrulesreviews", "boats", "selfsubjectreviews"],
            role.Rules.Select(r => string.Join(',', r.Resources)));
        Assert.Equal(["kubernetes.io/bootstrapping", "mine"], role.Metadata.Labels.Keys.Order());
        Assert.Null(role.AggregationRule);
    }

    [Fact]
    public async Task A_missing_selector_of_an_aggregated_role_comes_back()
    {
        await EnsureAsync();
        var own = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["mine"] = "yes" } };
        _world.Api.Change<V1ClusterRole>(
            "", "view", r => r.AggregationRule = new V1AggregationRule { ClusterRoleSelectors = [own] });
        await EnsureAsync();
        Assert.Equal(
            ["mine", "rbac.authorization.k8s.io/aggregate-to-view"],
            _world.Api.Find<V1ClusterRole>("", "view")!.AggregationRule.ClusterRoleSelectors
                .Select(s => s.MatchLabels.Keys.Single()));
    }

    [Fact]
    public async Task Missing_subjects_come_back_and_extra_ones_stay()
    {
        await EnsureAsync();
        var extra = new Rbacv1Subject { Kind = "User", ApiGroup = WellKnown.ClusterRoles.Group, Name = "jane" };
        _world.Api.Change<V1ClusterRoleBinding>("", Role, b => b.Subjects = [extra]);
        await EnsureAsync();
        Assert.Equal(
            ["jane", "system:authenticated"],
            _world.Api.Find<V1ClusterRoleBinding>("", Role)!.Subjects.Select(s => s.Name));
    }

    [Fact]
    public async Task A_binding_of_another_role_is_made_anew()
    {
        await EnsureAsync();
        _world.Api.Delete<V1ClusterRoleBinding>("", Role);
        var other = _world.Api.Seed(new V1ClusterRoleBinding
        {
            Metadata = new V1ObjectMeta { Name = Role },
            RoleRef = new V1RoleRef { ApiGroup = WellKnown.ClusterRoles.Group, Kind = "ClusterRole", Name = "cluster-admin" },
        });
        await EnsureAsync();
        var binding = _world.Api.Find<V1ClusterRoleBinding>("", Role)!;
        Assert.Equal(Role, binding.RoleRef.Name);
        Assert.NotEqual(other.Metadata.Uid, binding.Metadata.Uid);
    }

    [Fact]
    public async Task What_its_administrator_keeps_is_left_alone()
    {
        await EnsureAsync();
        var own = new Dictionary<string, string> { [BootstrapPolicy.AutoUpdateAnnotation] = "false" };
        _world.Api.Change<V1ClusterRole>("", Role, r => (r.Rules, r.Metadata.Annotations) = (null, own));
        _world.Api.Change<V1ClusterRoleBinding>("", Role, b => (b.Subjects, b.Metadata.Annotations) = (null, own));
        await EnsureAsync();
        Assert.Null(_world.Api.Find<V1ClusterRole>("", Role)!.Rules);
        Assert.Null(_world.Api.Find<V1ClusterRoleBinding>("", Role)!.Subjects);
    }

    /// <summary>As upstream, roles are mended at a start only.</summary>
    [Fact]
    public async Task What_is_taken_away_stays_away_until_the_next_start()
    {
        var upkeep = new RuleUpkeep(_world.Api);
        await upkeep.EnsureAsync(default);
        _world.Api.Delete<V1ClusterRoleBinding>("", Role);
        await upkeep.EnsureAsync(default);
        Assert.Null(_world.Api.Find<V1ClusterRoleBinding>("", Role));
        await EnsureAsync();
        Assert.NotNull(_world.Api.Find<V1ClusterRoleBinding>("", Role));
    }

    /// <summary>Else their controller, which is bound only later, is refused at the start of each new
    /// cluster.</summary>
    [Fact]
    public async Task Roles_that_are_made_of_others_come_after_the_rights_to_make_them()
    {
        var order = new List<string>();
        _world.Api.BeforeWrite = write =>
        {
            order.Add($"{write.Resource.Plural}/{write.Key.Name}");
            return null;
        };
        await EnsureAsync();
        var bound = order.IndexOf($"clusterrolebindings/system:controller:{ClusterRoleReconciler.Controller}");
        Assert.InRange(bound, 0, order.Count);
        Assert.All(["admin", "edit", "view"], r => Assert.True(order.IndexOf($"clusterroles/{r}") > bound, r));
    }

    /// <summary>Mandatory ones are the server's, the others until somebody says or shows that they are not.</summary>
    [Theory]
    [InlineData("catch-all", "false", 2, true, "true")]
    [InlineData("global-default", "true", 2, true, "true")]
    [InlineData("global-default", "false", 1, false, "false")]
    [InlineData("global-default", null, 1, true, "true")]
    [InlineData("global-default", null, 2, false, "false")]
    [InlineData("global-default", "maybe", 2, false, "false")]
    public void Flow_control_is_restored_where_it_is_the_servers(
        string name, string? annotation, int generation, bool isRestored, string becomes)
    {
        var wanted = BuiltInFlowControl.PriorityLevels.Single(l => l.Metadata.Name == name);
        var level = Stored(wanted);
        level.Spec.Limited.NominalConcurrencyShares = 7;
        Set(level.Metadata, annotation, generation);
        Assert.Equal(isRestored || annotation != becomes, FlowControlUpkeep.Mend(level, wanted) == UpkeepAction.Update);
        var shares = wanted.Spec.Limited.NominalConcurrencyShares;
        Assert.Equal(isRestored ? shares : 7, level.Spec.Limited.NominalConcurrencyShares);
        Assert.Equal(becomes, level.Metadata.Annotations[BuiltInFlowControl.AutoUpdateAnnotation]);

        var desired = BuiltInFlowControl.FlowSchemas.Single(s => s.Metadata.Name == name);
        var schema = Stored(desired);
        schema.Spec.MatchingPrecedence = 7;
        Set(schema.Metadata, annotation, generation);
        FlowControlUpkeep.Mend(schema, desired);
        Assert.Equal(isRestored ? desired.Spec.MatchingPrecedence : 7, schema.Spec.MatchingPrecedence);
    }

    [Fact]
    public void What_who_waits_for_nobody_has_is_the_administrators()
    {
        var wanted = BuiltInFlowControl.PriorityLevels.Single(l => l.Metadata.Name == "exempt");
        var level = Stored(wanted);
        level.Spec.Exempt.NominalConcurrencyShares = 7;
        Assert.Equal(UpkeepAction.None, FlowControlUpkeep.Mend(level, wanted));
    }

    /// <summary>One start of a silo.</summary>
    private Task EnsureAsync() => new RuleUpkeep(_world.Api).EnsureAsync(default);

    private static void Set(V1ObjectMeta metadata, string? annotation, int generation)
    {
        metadata.Generation = generation;
        metadata.Annotations = annotation is null
            ? null
            : new Dictionary<string, string> { [BuiltInFlowControl.AutoUpdateAnnotation] = annotation };
    }

    private static T Stored<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var copy = ResourceCodec.Decode<T>(ResourceCodec.Encode(item));
        var strategy = BuiltInResources.Table.Find(ResourceOf<T>.Name)!.Strategy;
        strategy.PrepareForCreate(copy);
        strategy.SetDefaults(copy);
        return copy;
    }
}
