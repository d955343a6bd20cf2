using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>
/// What is wrong with an AuthenticationConfiguration (upstream's <c>apis/apiserver/validation</c>), and its
/// expressions, compiled.
/// </summary>
internal static class JwtRules
{
    private const int MaxIssuers = 64;
    private const string Both = "claim and expression can't both be set";
    private const string NeedsOne = "claim or expression is required";
    private const string NotWithExpression = "may not be specified when expression is set";

    /// <summary>The issuers, ready for use.</summary>
    /// <param name="configuration">What was read.</param>
    /// <param name="disallowed">Issuers that it may not name: this cluster's own.</param>
    /// <exception cref="ConfigurationException">Something is wrong; all of it is told.</exception>
    public static IReadOnlyList<CompiledJwt> Compile(
        AuthenticationConfiguration configuration, IReadOnlyCollection<string> disallowed)
    {
        var errors = new FieldErrors();
        var compiled = Compile(configuration, disallowed, errors);
        return errors.Count == 0
            ? compiled
            : throw new ConfigurationException($"invalid authentication configuration: {errors.ToText()}");
    }

    private static List<CompiledJwt> Compile(
        AuthenticationConfiguration configuration, IReadOnlyCollection<string> disallowed, FieldErrors errors)
    {
        var root = FieldPath.Of("jwt");
        var all = new List<CompiledJwt>();
        if (configuration.Jwt.Count > MaxIssuers)
        {
            errors.TooMany(root, configuration.Jwt.Count, MaxIssuers);
            return all;
        }

        var (urls, discoveries) = (NewSet(), NewSet());
        foreach (var (i, settings) in configuration.Jwt.Index())
        {
            var path = root.Index(i);
            all.Add(Compile(settings, path, disallowed, errors));
            var issuer = settings.Issuer;
            if (!urls.Add(issuer.Url))
            {
                errors.Duplicate(path.Child("issuer", "url"), issuer.Url);
            }

            if (issuer.DiscoveryUrl.Length > 0 && !discoveries.Add(issuer.DiscoveryUrl))
            {
                errors.Duplicate(path.Child("issuer", "discoveryURL"), issuer.DiscoveryUrl);
            }
        }

        if (configuration.Anonymous is { Enabled: false, Paths: { Count: > 0 } paths })
        {
            errors.Invalid(
                FieldPath.Of("anonymous", "conditions"), paths.Select(static p => new { Path = p }).ToArray(),
                "enabled should be set to true when conditions are defined");
        }

        return all;
    }

    private static CompiledJwt Compile(
        JwtSettings settings, FieldPath path, IReadOnlyCollection<string> disallowed, FieldErrors errors)
    {
        IssuerRules.Validate(settings.Issuer, disallowed, path.Child("issuer"), errors);
        var rules = ClaimRules(settings.ClaimValidationRules, path.Child("claimValidationRules"), errors);
        var mappings = path.Child("claimMappings");
        var compiled = new CompiledJwt(settings)
        {
            ClaimRules = rules,
            Username = Mapping(settings.Username, mappings.Child("username"), isRequired: true, errors),
            Groups = Mapping(settings.Groups, mappings.Child("groups"), isRequired: false, errors),
            Uid = Uid(settings.Uid, mappings.Child("uid"), errors),
            Extra = Extra(settings.Extra, mappings.Child("extra"), errors),
            UserRules = [],
        };
        CheckEmail(compiled, mappings.Child("username", "expression"), errors);
        return compiled with
        {
            UserRules = UserRules(settings.UserValidationRules, path.Child("userValidationRules"), errors),
        };
    }

    private static List<CompiledRule> ClaimRules(IReadOnlyList<ClaimRule> rules, FieldPath path, FieldErrors errors)
    {
        var (claims, expressions) = (NewSet(), NewSet());
        var compiled = new List<CompiledRule>();
        foreach (var (i, rule) in rules.Index())
        {
            var at = path.Index(i);
            switch (rule)
            {
                case { Claim.Length: > 0, Expression.Length: > 0 }:
                    errors.Invalid(at, rule.Claim, Both);
                    break;
                case { Claim.Length: 0, Expression.Length: 0 }:
                    errors.Required(at, NeedsOne);
                    break;
                case { Claim.Length: > 0 }:
                    CheckClaim(rule, claims, at, errors);
                    break;
                default:
                    if (rule.RequiredValue.Length > 0)
                    {
                        errors.Invalid(at.Child("requiredValue"), rule.RequiredValue, NotWithExpression);
                    }

                    compiled.AddRange(
                        Rule(JwtExpressions.OfClaims, rule.Expression, rule.Message, expressions, at, errors));
                    break;
            }
        }

        return compiled;
    }

    private static void CheckClaim(ClaimRule rule, HashSet<string> claims, FieldPath path, FieldErrors errors)
    {
        if (rule.Message.Length > 0)
        {
            errors.Invalid(path.Child("message"), rule.Message, "may not be specified when claim is set");
        }

        if (!claims.Add(rule.Claim))
        {
            errors.Duplicate(path.Child("claim"), rule.Claim);
        }
    }

    private static List<CompiledRule> UserRules(IReadOnlyList<UserRule> rules, FieldPath path, FieldErrors errors)
    {
        var expressions = NewSet();
        var compiled = new List<CompiledRule>();
        foreach (var (i, rule) in rules.Index())
        {
            var at = path.Index(i);
            if (rule.Expression.Length == 0)
            {
                errors.Required(at.Child("expression"));
                continue;
            }

            compiled.AddRange(Rule(JwtExpressions.OfUser, rule.Expression, rule.Message, expressions, at, errors));
        }

        return compiled;
    }

    /// <summary>One, or none when something is wrong with it.</summary>
    private static IEnumerable<CompiledRule> Rule(
        CelEnvironment environment, string expression, string message, HashSet<string> seen, FieldPath path,
        FieldErrors errors)
    {
        var at = path.Child("expression");
        if (!seen.Add(expression))
        {
            errors.Duplicate(at, expression);
            return [];
        }

        var program = JwtExpressions.Compile(environment, expression, at, errors);
        if (program is not null && !program.ResultType.Equals(CelType.Bool))
        {
            errors.Invalid(at, expression, "must evaluate to bool");
            return [];
        }

        return program is null ? [] : [new CompiledRule(program, message)];
    }

    private static CelProgram? Mapping(PrefixedClaim mapping, FieldPath path, bool isRequired, FieldErrors errors)
    {
        switch (mapping)
        {
            case { Claim.Length: > 0, Expression.Length: > 0 }:
                errors.Invalid(path, "", Both);
                return null;
            case { Claim.Length: 0, Expression.Length: 0 }:
                if (isRequired)
                {
                    errors.Required(path, NeedsOne);
                }

                return null;
            case { Expression.Length: > 0 }:
                if (mapping.Prefix is { } prefix)
                {
                    errors.Invalid(path.Child("prefix"), prefix, NotWithExpression);
                }

                return JwtExpressions.CompileOfClaims(mapping.Expression, path.Child("expression"), errors);
            default:
                if (mapping.Prefix is null)
                {
                    errors.Required(
                        path.Child("prefix"),
                        "prefix is required when claim is set. It can be set to an empty string to disable prefixing");
                }

                return null;
        }
    }

    private static CelProgram? Uid(PrefixedClaim uid, FieldPath path, FieldErrors errors)
    {
        if (uid is { Claim.Length: > 0, Expression.Length: > 0 })
        {
            errors.Invalid(path, "", Both);
            return null;
        }

        return uid.Expression.Length == 0
            ? null
            : JwtExpressions.CompileOfClaims(uid.Expression, path.Child("expression"), errors);
    }

    private static List<CompiledExtra> Extra(IReadOnlyList<ExtraMapping> extra, FieldPath path, FieldErrors errors)
    {
        var keys = NewSet();
        var compiled = new List<CompiledExtra>();
        foreach (var (i, mapping) in extra.Index())
        {
            var at = path.Index(i);
            CheckKey(mapping.Key, at.Child("key"), errors);
            if (!keys.Add(mapping.Key))
            {
                errors.Duplicate(at.Child("key"), mapping.Key);
            }
            else if (mapping.ValueExpression.Length == 0)
            {
                errors.Required(at.Child("valueExpression"));
            }
            else if (JwtExpressions.CompileOfClaims(mapping.ValueExpression, at.Child("valueExpression"), errors)
                is { } program)
            {
                compiled.Add(new CompiledExtra(mapping.Key, program));
            }
        }

        return compiled;
    }

    private static void CheckKey(string key, FieldPath path, FieldErrors errors)
    {
        NameRules.ValidateDomainPrefixedPath(path, key, errors);
        if (key.Any(char.IsUpper))
        {
            errors.Invalid(path, key, "must be lowercase");
        }

        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var domain = slash < 0 ? "" : $".{key[..slash]}";
        if (domain.EndsWith(".kubernetes.io", StringComparison.Ordinal)
            || domain.EndsWith(".k8s.io", StringComparison.Ordinal))
        {
            errors.Invalid(
                path, key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use");
        }
    }

    /// <summary>Who takes users' names from their mail must look whether that is theirs.</summary>
    private static void CheckEmail(CompiledJwt jwt, FieldPath path, FieldErrors errors)
    {
        const string Verified = "email_verified";
        if (jwt.Username?.Selects(JwtExpressions.Claims, "email") != true)
        {
            return;
        }

        var looks = jwt.Username.Selects(JwtExpressions.Claims, Verified)
            || jwt.ClaimRules.Any(static r => r.Program.Selects(JwtExpressions.Claims, Verified))
            || jwt.Extra.Any(static e => e.Program.Selects(JwtExpressions.Claims, Verified));
        if (!looks)
        {
            errors.Invalid(
                path, jwt.Settings.Username.Expression,
                "claims.email_verified must be used in claimMappings.username.expression or "
                + "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is "
                + "used in claimMappings.username.expression");
        }
    }

    private static HashSet<string> NewSet() => new(StringComparer.Ordinal);
}
