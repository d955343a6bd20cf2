using System.Text.Json;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>
/// Makes a user of the claims of a token whose signature is good; what the settings ask for and the claims do not have
/// is a <see cref="TokenRefusedException"/>.
/// </summary>
internal sealed class ClaimMapper(CompiledJwt jwt)
{
    private const string NoTexts = "expression must return a string or a list of strings";

    /// <summary>The user.</summary>
    public UserIdentity Map(TokenClaims claims)
    {
        var values = JwtExpressions.OfClaims.Activate().Set(JwtExpressions.Claims, CelJson.Of(claims.Root));
        var user = new UserIdentity
        {
            Name = Name(claims, values),
            Groups = Groups(claims, values),
            Uid = Uid(claims, values),
            Extra = Extra(values),
        };
        CheckClaims(claims, values);
        CheckUser(user);
        return user.Groups.Contains(SystemNames.Authenticated)
            ? user
            : user with { Groups = [.. user.Groups, SystemNames.Authenticated] };
    }

    private string Name(TokenClaims claims, CelActivation values)
    {
        if (jwt.Username is { } program)
        {
            const string Failed = "oidc: error evaluating username claim expression";
            var made = Evaluate(program, values, Failed);
            return made.Kind != CelKind.String
                ? throw new TokenRefusedException($"{Failed}: username claim expression must return a string")
                : made.AsString.Length == 0
                    ? throw new TokenRefusedException($"{Failed}: username claim expression must not be empty")
                    : made.AsString;
        }

        var claim = jwt.Settings.Username.Claim;
        var name = claims.Text(claim, $"oidc: parse username claims \"{claim}\"");
        if (claim == "email" && claims.Has("email_verified")
            && !claims.Flag("email_verified", "oidc: parse 'email_verified' claim"))
        {
            throw new TokenRefusedException("oidc: email not verified");
        }

        return jwt.Settings.Username.Prefix + name;
    }

    private IReadOnlyList<string> Groups(TokenClaims claims, CelActivation values)
    {
        var (claim, prefix) = (jwt.Settings.Groups.Claim, jwt.Settings.Groups.Prefix);
        if (claim.Length > 0 && claims.Has(claim))
        {
            return [.. claims.Texts(claim, $"oidc: parse groups claim \"{claim}\"").Select(g => prefix + g)];
        }

        const string Failed = "oidc: error evaluating group claim expression";
        return jwt.Groups is { } program ? Texts(Evaluate(program, values, Failed), Failed) : [];
    }

    private string Uid(TokenClaims claims, CelActivation values)
    {
        const string Failed = "oidc: error evaluating uid claim expression";
        var claim = jwt.Settings.Uid.Claim;
        if (claim.Length > 0)
        {
            return claims.Text(claim, $"oidc: parse uid claim \"{claim}\"");
        }

        return jwt.Uid is not { } program ? ""
            : Evaluate(program, values, Failed) is { Kind: CelKind.String } made ? made.AsString
            : throw new TokenRefusedException($"{Failed}: uid claim expression must return a string");
    }

    private Dictionary<string, IReadOnlyList<string>> Extra(CelActivation values)
    {
        const string Failed = "oidc: error evaluating extra claim expression";
        var extra = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (key, program) in jwt.Extra)
        {
            if (Texts(Evaluate(program, values, Failed), $"{Failed}: {program.Text}") is { Count: > 0 } texts)
            {
                extra[key] = texts;
            }
        }

        return extra;
    }

    private void CheckClaims(TokenClaims claims, CelActivation values)
    {
        foreach (var rule in jwt.Settings.ClaimValidationRules.Where(static r => r.Claim.Length > 0))
        {
            if (!claims.Has(rule.Claim))
            {
                throw new TokenRefusedException($"oidc: required claim {rule.Claim} not present in ID token");
            }

            var found = claims.Text(rule.Claim, $"oidc: parse claim {rule.Claim}");
            if (found != rule.RequiredValue)
            {
                throw new TokenRefusedException(
                    $"oidc: required claim {rule.Claim} value does not match. Got = {found}, "
                    + $"want = {rule.RequiredValue}");
            }
        }

        Check(jwt.ClaimRules, values, "oidc: error evaluating claim validation expression");
    }

    private void CheckUser(UserIdentity user)
    {
        if (jwt.UserRules.Count == 0)
        {
            return;
        }

        using var shown = JsonSerializer.SerializeToDocument(new
        {
            username = user.Name, uid = user.Uid, groups = user.Groups, extra = user.Extra,
        });
        var value = CelJson.Of(shown.RootElement, JwtExpressions.UserSchema);
        Check(
            jwt.UserRules, JwtExpressions.OfUser.Activate().Set(JwtExpressions.User, value),
            "oidc: error evaluating user info validation rule");
    }

    private static void Check(IReadOnlyList<CompiledRule> rules, CelActivation values, string failed)
    {
        foreach (var (program, message) in rules)
        {
            if (!Evaluate(program, values, failed).IsTrue)
            {
                throw new TokenRefusedException(
                    $"{failed}: validation expression '{program.Text}' failed: {message}");
            }
        }
    }

    private static CelValue Evaluate(CelProgram program, CelActivation values, string failed)
    {
        var value = program.Evaluate(values).Value;
        return value.IsError
            ? throw new TokenRefusedException(
                $"{failed}: expression '{program.Text}' resulted in error: {value.AsError.Message}")
            : value;
    }

    /// <summary>A text or several; empty ones are none.</summary>
    private static IReadOnlyList<string> Texts(CelValue value, string failed)
    {
        CelValue[] all = value.Kind switch
        {
            CelKind.Null => [],
            CelKind.String => [value],
            CelKind.List => [.. value.AsList],
            _ => throw new TokenRefusedException($"{failed}: {NoTexts}"),
        };
        return Array.TrueForAll(all, static v => v.Kind == CelKind.String)
            ? [.. all.Select(static v => v.AsString).Where(static t => t.Length > 0)]
            : throw new TokenRefusedException($"{failed}: {NoTexts}");
    }
}
