/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/wire_param.h"

static void value_fill(const Param *param, WireValue *ret) {
        ret->type = param->type;
        switch (param->type) {
        case PARAM_INT:
                ret->WireValue_u.i = (int) param->i;
                break;
        case PARAM_UINT:
                ret->WireValue_u.ui = (u_int) param->u;
                break;
        case PARAM_LLONG:
                ret->WireValue_u.l = param->i;
                break;
        case PARAM_ULLONG:
                ret->WireValue_u.ul = param->u;
                break;
        case PARAM_DOUBLE:
                ret->WireValue_u.d = param->d;
                break;
        case PARAM_BOOLEAN:
                ret->WireValue_u.b = param->b;
                break;
        case PARAM_STRING:
                ret->WireValue_u.s = (char *) param->s;
        }
}

void wire_params_fill(const Param *params, size_t n, WireParam *ret) {
        for (size_t i = 0; i < n; i++) {
                ret[i].field = (char *) params[i].name;
                value_fill(&params[i], &ret[i].value);
        }
}

/* Types other than these do not decode. */
static void value_read(const WireValue *value, Param *ret) {
        switch (ret->type) {
        case PARAM_INT:
                ret->i = value->WireValue_u.i;
                break;
        case PARAM_UINT:
                ret->u = value->WireValue_u.ui;
                break;
        case PARAM_LLONG:
                ret->i = value->WireValue_u.l;
                break;
        case PARAM_ULLONG:
                ret->u = value->WireValue_u.ul;
                break;
        case PARAM_DOUBLE:
                ret->d = value->WireValue_u.d;
                break;
        case PARAM_BOOLEAN:
                ret->b = value->WireValue_u.b != 0;
                break;
        case PARAM_STRING:
                ret->s = value->WireValue_u.s;
        }
}

void wire_params_read(const WireParam *params, size_t n, Param *ret) {
        for (size_t i = 0; i < n; i++) {
                ret[i].name = params[i].field;
                ret[i].type = (ParamType) params[i].value.type;
                value_read(&params[i].value, &ret[i]);
        }
}
